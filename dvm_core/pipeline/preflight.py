"""Every header of a shot before its first frame is computed, and all that is wrong with them in one answer."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from dvm_core.bridge.errors import InputError
from dvm_core.bridge.frames import format_range
from dvm_core.io.colour import ColourSpace
from dvm_core.io.header import ImageHeader
from dvm_core.io.plate import PlateReader
from dvm_core.pipeline import patience

Size = tuple[int, int]
"""Height and width in pixels."""

Found = TypeVar("Found")
Kind = TypeVar("Kind", bound=Hashable)

_THREADS = 16  # headers wait for the disk or the network, not for the processor
_NAMED = 8  # frames that a message names one by one before it gives them as ranges
_TOLD = 12  # damaged files whose own fault is told


class TrimapSource(Protocol):
    """Where a shot's trimaps come from: files, or propagation between keyframes."""

    @property
    def frames(self) -> tuple[int, ...]:
        """Frame numbers there are, in order; empty for a file whose name has none."""

    def path(self, frame: int) -> Path:
        """File of one frame."""

    def header(self, frame: int) -> ImageHeader:
        """Header of one frame; InputError for a damaged one."""

    def read(self, frame: int) -> NDArray[np.uint8]:
        """(H, W) of 0, 128 and 255; InputError where there is none."""


class Problem(NamedTuple):
    """One thing that is wrong with a shot.

    Attributes:
        sentence: What was expected, what was found, and what to do.
        frame: The first frame that it is wrong with, if any.
        path: A file that it is wrong with, if any.
    """

    sentence: str
    frame: int | None = None
    path: object = None


class _Facts(NamedTuple):
    plate: Size
    trimap: Size
    space: ColourSpace


def survey(plate: PlateReader, trimap: TrimapSource, frames: Sequence[int]) -> tuple[Size, list[Problem]]:
    """Look at the headers of all frames, plates and trimaps.

    Args:
        plate: The plates.
        trimap: The trimaps.
        frames: Those that will be read.

    Returns:
        The size that the frames have (that of most of them), and every problem found.
    """
    facts, faults = _look(plate, trimap, frames)
    for wait in patience.WAITS:
        if not faults:
            break
        before = _stamps(plate, trimap, faults)
        time.sleep(wait)
        late, faults = _look(plate, trimap, list(faults))
        facts.update(late)
        if _stamps(plate, trimap, faults).items() <= before.items():  # damaged, and nobody is writing them
            break
    problems = _damaged(faults)
    if not facts:
        return (0, 0), problems
    size = Counter(found.plate for found in facts.values()).most_common(1)[0][0]
    problems += _other_sizes(plate, facts, size)
    problems += _other_trimaps(trimap, facts)
    damaged = {fault.message for errors in faults.values() for fault in errors}
    problems += [problem for problem in _other_spaces(plate, facts) if problem.sentence not in damaged]
    return size, problems


def refuse(problems: Sequence[Problem]) -> None:
    """Raise what is wrong with a shot, if anything is: every problem in one message.

    Raises:
        InputError: There are problems.
    """
    if not problems:
        return
    first = problems[0]
    message = first.sentence
    if len(problems) > 1:
        told = "; ".join(f"({number}) {problem.sentence.rstrip('.')}" for number, problem in enumerate(problems, 1))
        message = f"The shot has {len(problems)} problems: {told}."
    raise InputError(message, frame=first.frame, path=first.path)


def missing(frames: Iterable[int], there: Iterable[int], role: str, pattern: str, remedy: str) -> list[Problem]:
    """The problem of frames that have no file.

    Args:
        frames: Those that should have one.
        there: Those that have.
        role: `plate` or `trimap`.
        pattern: Where files were looked for.
        remedy: What to do.
    """
    gone = sorted(set(frames) - set(there))
    if not gone:
        return []
    plural = "s" if len(gone) > 1 else ""
    return [Problem(f"The {role} {pattern} has no file for frame{plural} {listed(gone)}; {remedy}.", gone[0])]


def listed(frames: Sequence[int]) -> str:
    """Frames for a message: one by one, or as ranges if there are many."""
    if len(frames) <= _NAMED:
        return ", ".join(str(frame) for frame in frames)
    return format_range(frames)


def _look(
    plate: PlateReader, trimap: TrimapSource, frames: Sequence[int]
) -> tuple[dict[int, _Facts], dict[int, list[InputError]]]:
    """What the headers of each frame say, or what is wrong with them."""
    with ThreadPoolExecutor(_THREADS) as pool:
        plates = list(pool.map(lambda frame: _tried(plate.inspect, frame), frames))
        trimaps = list(pool.map(lambda frame: _tried(trimap.header, frame), frames))
    facts, faults = {}, {}
    for frame, picture, mask in zip(frames, plates, trimaps, strict=True):
        if isinstance(picture, InputError) or isinstance(mask, InputError):
            faults[frame] = [found for found in (picture, mask) if isinstance(found, InputError)]
        else:
            header, space = picture
            facts[frame] = _Facts((header.height, header.width), (mask.height, mask.width), space)
    return facts, faults


def _stamps(plate: PlateReader, trimap: TrimapSource, frames: Iterable[int]) -> dict[int, list[patience.Stamp]]:
    return {frame: patience.stamps([plate.sequence.path(frame), trimap.path(frame)]) for frame in frames}


def _tried(look: Callable[[int], Found], frame: int) -> Found | InputError:
    try:
        return look(frame)
    except InputError as error:
        return error
    except OSError as error:
        return InputError(f"Frame {frame} cannot be read ({error.strerror or error}); try again.", frame=frame)


def _damaged(faults: dict[int, list[InputError]]) -> list[Problem]:
    """A problem for each file that cannot be read; beyond the first ones only their frames."""
    # One file may serve many frames: a movie, a still's trimap.
    first = {error.message: (frame, error) for frame, errors in reversed(faults.items()) for error in errors}
    told = sorted(first.values(), key=lambda fault: fault[0])
    problems = [Problem(error.message, frame, error.path) for frame, error in told[:_TOLD]]
    if len(told) > _TOLD:
        frames = sorted({frame for frame, _ in told[_TOLD:]})
        problems.append(
            Problem(f"Frames {listed(frames)} cannot be read either; render or copy them again.", frames[0])
        )
    return problems


def _other_sizes(plate: PlateReader, facts: dict[int, _Facts], size: Size) -> list[Problem]:
    usual = next(frame for frame, found in facts.items() if found.plate == size)
    return [
        Problem(
            f"Every plate of a shot must have one display window; frame {usual} has {_text(size)} but "
            f"{_frames(frames)} {_text(other)}; matte the parts as shots of their own.",
            frames[0],
            plate.sequence.path(frames[0]),
        )
        for other, frames in _grouped({f: found.plate for f, found in facts.items() if found.plate != size}).items()
    ]


def _other_trimaps(trimap: TrimapSource, facts: dict[int, _Facts]) -> list[Problem]:
    pairs = {frame: (found.trimap, found.plate) for frame, found in facts.items() if found.trimap != found.plate}
    return [
        Problem(
            f"The trimap of {_frames(frames)} a display window of {_text(mask)}, but the plate has {_text(size)}; "
            "render the trimap at the plate's format.",
            frames[0],
            trimap.path(frames[0]),
        )
        for (mask, size), frames in _grouped(pairs).items()
    ]


def _other_spaces(plate: PlateReader, facts: dict[int, _Facts]) -> list[Problem]:
    try:
        _ = plate.colorspace
    except InputError as error:
        return [Problem(error.message, error.frame, error.path)]
    problems = []
    for frames in _grouped({frame: (found.space.name, found.space.matrix) for frame, found in facts.items()}).values():
        try:
            plate.require_space(frames[0], facts[frames[0]].space)
        except InputError as error:
            more = f" (and {len(frames) - 1} more: {listed(frames[1:])})" if len(frames) > 1 else ""
            problems.append(Problem(error.message.rstrip(".") + more + ".", error.frame, error.path))
    return problems


def _grouped(kinds: dict[int, Kind]) -> dict[Kind, list[int]]:
    groups: dict[Kind, list[int]] = {}
    for frame, kind in kinds.items():
        groups.setdefault(kind, []).append(frame)
    return groups


def _frames(frames: Sequence[int]) -> str:
    return f"frame {frames[0]} has" if len(frames) == 1 else f"frames {listed(frames)} have"


def _text(size: Size) -> str:
    return f"{size[1]}x{size[0]}"
