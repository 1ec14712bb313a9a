"""Alphas that were put right by hand: where they are, which of them a frame is corrected from, and their pixels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dvm_core.bridge.errors import InputError, UsageError
from dvm_core.bridge.frames import format_range, nearest
from dvm_core.io.matte_file import read_channel, read_header
from dvm_core.io.sequence import FrameSequence, find_sequence
from dvm_core.pipeline.preflight import Problem, Size


class CorrectedAlphas:
    """A shot's alphas that were put right by hand.

    Args:
        pattern: Of their files; "" for none.
        shot: Every frame of the shot, sorted.

    Attributes:
        frames: Those of the shot that have one.
        others: Those that have one and are not of the shot.

    Raises:
        InputError: No file is there, or none is on a frame of the shot.
        UsageError: Their names have no frame numbers, though the shot has several frames.
    """

    def __init__(self, pattern: str, shot: Sequence[int]) -> None:
        self.frames: tuple[int, ...] = ()
        self.others: tuple[int, ...] = ()
        if not pattern:
            return
        self._files = find_sequence(pattern, "corrected alpha")
        numbered = _numbered(self._files, pattern, shot)
        known = set(shot)
        self.frames = tuple(frame for frame in numbered if frame in known)
        self.others = tuple(frame for frame in numbered if frame not in known)
        if not self.frames:
            raise InputError(
                f"Expected corrected alphas on frames of the shot ({format_range(shot)}), found {pattern} on "
                f"{format_range(numbered)}; number them like the plate."
            )

    def path(self, frame: int) -> Path:
        """File of one of `frames`."""
        return self._files.path(frame)

    def near(self, frame: int) -> list[int]:
        """Those that a frame is corrected from: its own, or the nearest before and after."""
        return nearest(self.frames, frame)

    def around(self, frames: Iterable[int]) -> tuple[int, ...]:
        """All that some frames are corrected from, sorted."""
        return tuple(sorted({near for frame in frames for near in self.near(frame)}))

    def problems(self, frames: Iterable[int], size: Size) -> list[Problem]:
        """What the headers of some of them have against a shot of a height and width."""
        found = []
        for frame in frames:
            path = self.path(frame)
            try:
                header = read_header(path, frame=frame)
                _require_size((header.height, header.width), size, path, frame)
            except InputError as error:
                found.append(Problem(error.message, frame, path))
        return found

    def read(self, frame: int, size: Size) -> NDArray[np.float32]:
        """(H, W) float32 in [0, 1], of the shot's height and width; raises as `read_alpha`."""
        return read_alpha(self.path(frame), frame, size)


def read_alpha(path: Path, frame: int, size: Size, channel: str = "") -> NDArray[np.float32]:
    """An alpha that somebody finished.

    Args:
        path: Its file.
        frame: Its number, for messages.
        size: Height and width of its plate.
        channel: Name of its channel; "" to find it (`io.matte_file`).

    Returns:
        (H, W) float32 in [0, 1].

    Raises:
        InputError: It is missing or damaged, is not of its plate's size, or holds NaN.
    """
    pixels = read_channel(path, channel, frame=frame)
    _require_size(pixels.shape, size, path, frame)
    if np.isnan(pixels).any():
        raise InputError(f"The alpha of frame {frame} holds NaN, where numbers are needed.", frame=frame, path=path)
    return np.clip(pixels, 0.0, 1.0)


def _require_size(found: tuple[int, ...], size: Size, path: Path, frame: int) -> None:
    if found != size:
        raise InputError(
            f"The alpha of frame {frame} is {found[1]}x{found[0]}, but its plate {size[1]}x{size[0]}; "
            "render it at the plate's format.",
            frame=frame,
            path=path,
        )


def _numbered(files: FrameSequence, pattern: str, shot: Sequence[int]) -> tuple[int, ...]:
    """Frames of the files; a picture without a number is that of a still."""
    if files.frames:
        return files.frames
    if files.movie is None and len(shot) == 1:
        return tuple(shot)
    raise UsageError(f"The corrected alphas '{pattern}' have no frame numbers; name them like alpha.####.exr.")
