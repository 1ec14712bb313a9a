"""Which frames of a sequence are on disk, and where each of them lies or will lie."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fileseq

from dvm_core.bridge.errors import InputError, UsageError
from dvm_core.bridge.frames import FramePattern, format_range, normalise_pattern, parse_range

IMAGE_ENDINGS = frozenset(
    {".exr", ".dpx", ".cin", ".tif", ".tiff", ".png", ".jpg", ".jpeg", ".tga", ".bmp", ".hdr", ".webp", ".jp2", ".sgi"}
)
MOVIE_ENDINGS = frozenset(
    {".mov", ".mp4", ".m4v", ".mkv", ".mxf", ".avi", ".webm", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".wmv", ".ogv"}
)
FIRST_FRAME = 1
"""Frame number of a single picture whose name has none."""

# In a file's name a frame number stands apart and last: `plate.1001.exr`, `plate_1001.exr`, `plate-1001.exr`,
# `1001.exr`; not the 2 of `plate_v2.exr`.
_FRAME_NUMBER = re.compile(r"(?:^|[._ ])(-?[0-9]{1,9})$|-([0-9]{1,9})$")


@dataclass(frozen=True)
class FrameSequence:
    """A sequence on disk, a single picture, or a movie.

    Attributes:
        frames: Frame numbers that are there, in order; empty for a movie and for a picture without a frame number.
        pattern: How its files are named.
        single: The one file, where there is no more than that (a picture without a number, a movie); else None.
    """

    frames: tuple[int, ...]
    pattern: FramePattern
    single: Path | None = None

    @property
    def movie(self) -> Path | None:
        """The movie, if it is one; only its reader can count its frames."""
        return self.single if self.single is not None and self.single.suffix.lower() in MOVIE_ENDINGS else None

    def path(self, frame: int) -> Path:
        """File of one frame, there or not."""
        return self.single if self.single is not None else Path(self.pattern.path(frame))

    def __str__(self) -> str:
        return str(self.pattern)


def find_sequence(pattern: str | os.PathLike[str], what: str = "plate") -> FrameSequence:
    """Find the frames that a pattern, single file, folder or movie stands for.

    Args:
        pattern: `plate.####.exr`, `%04d`, `@@@@`, `$F4`, `plate.1001-1100#.exr`, a picture, a movie, or a folder with
            exactly one sequence.
        what: What it is to the user (`plate`, `trimap`), for messages.

    Raises:
        InputError: Nothing is there, or a folder leaves open which sequence is meant.
        UsageError: The pattern itself is not valid.
    """
    text = os.fspath(pattern)
    if not text:
        raise UsageError(f"The {what} has no path; name it like {what}.####.exr.")
    path = Path(text)
    if path.is_dir():
        return _in_folder(path, what)
    form = normalise_pattern(text)
    if form.is_sequence and not path.is_file():
        return _on_disk(form, what)
    if not path.is_file():
        raise InputError(f"The {what} '{path}' is not there{_nearby(path)}.", path=path)
    return _single(path)


def output_path(pattern: str | os.PathLike[str], frame: int) -> Path:
    """Where an output pattern puts one frame; a name without a place for the frame number is that of a still."""
    return Path(normalise_pattern(os.fspath(pattern)).path(frame))


def output_paths(pattern: str | os.PathLike[str], frames: Sequence[int]) -> list[Path]:
    """Where an output pattern puts all frames of a job, to be asked before the first is written.

    Raises:
        UsageError: There is more than one, and no place for the frame number: they would overwrite each other.
    """
    if len(frames) > 1 and not normalise_pattern(os.fspath(pattern)).is_sequence:
        path = Path(pattern)
        raise UsageError(
            f"The output '{pattern}' has no place for the number of its {len(frames)} frames; "
            f"name it like {path.stem}.####{path.suffix}."
        )
    return [output_path(pattern, frame) for frame in frames]


def _on_disk(form: FramePattern, what: str) -> FrameSequence:
    folder = Path(form.head + "x").parent
    # `Path` drops a leading "./", so compare what the names really have in common: the file name.
    plain = FramePattern(form.head.replace("\\", "/").rpartition("/")[2], form.digits, form.tail)
    found = sorted(frame for name in _names(folder) if (frame := plain.frame(name)) is not None)
    named = frozenset(parse_range(form.range)) if form.range else None
    frames = tuple(frame for frame in found if named is None or frame in named)
    if not frames:
        wanted = f" in {form.range}" if form.range else ""
        raise InputError(f"No frame of the {what} '{form}' is there{wanted}{_nearby(folder / 'x')}.", path=str(form))
    return FrameSequence(frames, form)


def _single(path: Path) -> FrameSequence:
    number = None if path.suffix.lower() in MOVIE_ENDINGS else _FRAME_NUMBER.search(path.stem)
    if number is None:
        return FrameSequence((), FramePattern(str(path), 0, ""), path)
    digits = number.group(1) or number.group(2)
    head = str(path)[: len(str(path)) - len(path.suffix) - len(digits)]
    return FrameSequence((int(digits),), FramePattern(head, len(digits), path.suffix))


def _in_folder(folder: Path, what: str) -> FrameSequence:
    sequences = _sequences(folder)
    if not sequences:
        raise InputError(f"The folder '{folder}' has no picture for the {what}; name another one.", path=folder)
    if len(sequences) > 1 or (len(sequences[0]) > 1 and sequences[0].extension().lower() in MOVIE_ENDINGS):
        raise InputError(
            f"The folder '{folder}' has more than one {what} ({_listed(sequences)}); name one by its pattern.",
            path=folder,
        )
    (only,) = sequences
    if len(only) == 1:
        return _single(folder / str(only[0]))
    return _on_disk(FramePattern(f"{folder}/{only.basename()}", max(1, only.zfill()), only.extension()), what)


def _nearby(path: Path) -> str:
    """The end of a sentence that says what lies there instead."""
    if not path.parent.is_dir():
        return f": there is no folder '{path.parent}'"
    sequences = _sequences(path.parent)
    return f"; its folder has {_listed(sequences)}" if sequences else "; its folder has no pictures"


def _sequences(folder: Path) -> list[Any]:
    """The pictures and movies of a folder, grouped into sequences by fileseq."""
    endings = IMAGE_ENDINGS | MOVIE_ENDINGS
    names = [name for name in _names(folder) if not name.startswith(".") and Path(name).suffix.lower() in endings]
    return list(fileseq.findSequencesInList(names, pad_style=fileseq.PAD_STYLE_HASH1))


def _names(folder: Path) -> Iterable[str]:
    try:
        return sorted(entry.name for entry in os.scandir(folder) if entry.is_file())
    except OSError:
        return ()


def _listed(sequences: Sequence[Any]) -> str:
    return ", ".join(_told(sequence) for sequence in sequences[:3]) + (", ..." if len(sequences) > 3 else "")


def _told(sequence: Any) -> str:
    """A sequence as a pattern that finds it, and its frames."""
    if not sequence.frameSet():
        return f"{sequence.basename()}{sequence.extension()}"
    # A lone # would be read as four digits.
    token = "#" * sequence.zfill() if sequence.zfill() > 1 else "@"
    return f"{sequence.basename()}{token}{sequence.extension()} {format_range(sequence.frameSet())}"
