"""Whether a shot's mattes are all there, whole, over their plate, and made alike: the last look at a job.

Nothing here judges how good a matte is; that is for eyes, and for the contact sheet.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from dvm_core import foreground
from dvm_core.bridge.errors import InputError
from dvm_core.bridge.frames import format_range
from dvm_core.io.colour import DISPLAY, LINEAR, requested_space
from dvm_core.io.convert import to_linear
from dvm_core.io.header import ImageHeader
from dvm_core.io.image_file import ImageFile
from dvm_core.io.matte_file import read_channel
from dvm_core.io.plate import Plate, PlateReader
from dvm_core.io.sequence import output_path
from dvm_core.io.trimap_file import BACKGROUND, FOREGROUND, TrimapReader
from dvm_core.review.contact_sheet import ReviewFrame, contact_sheet
from dvm_core.review.preview import write_png
from dvm_core.whole_file import write_text

MADE_BY = ("dvm:model", "dvm:version", "dvm:device", "dvm:kernels", "dvm:precision", "dvm:job")
"""Attributes that must be the same in every frame; else two machines made two pictures."""

SHEET, FINDINGS = "contact_sheet.png", "check.json"
"""What `inspect` writes."""

_ROWS = 6  # of the contact sheet
_WIDTH = 960  # pixels across what is kept for the contact sheet
_EXACT = 0.02  # how far lossy compression may take a known pixel


class Problem(NamedTuple):
    """Something that is wrong with a frame.

    Attributes:
        frame: Its number.
        path: The alpha.
        message: What was expected and what was found.
    """

    frame: int
    path: str
    message: str


@dataclass(frozen=True)
class Checked:
    """What a look at all frames found.

    Attributes:
        frames: Those that were looked at.
        problems: By frame.
        made_by: What made most of them.
    """

    frames: tuple[int, ...]
    problems: tuple[Problem, ...]
    made_by: dict[str, str]

    def document(self) -> dict[str, Any]:
        """For a JSON file."""
        return {
            "frames": format_range(self.frames),
            "problems": [problem._asdict() for problem in self.problems],
            "made_by": self.made_by,
        }


class Files(NamedTuple):
    """What belongs together: a shot's plate, trimaps and alphas."""

    plate: PlateReader
    trimap: TrimapReader
    alpha: str

    def path(self, frame: int) -> Path:
        """The alpha of a frame."""
        return output_path(self.alpha, frame)


Seen = Callable[[int, int, float], None]
"""Called after each frame with its number, how many were looked at, and the seconds that it took."""


def inspect(files: Files, frames: Sequence[int], folder: Path, seen: Seen = lambda *_: None) -> Checked:
    """Look at every alpha; write what was found, and a contact sheet of those that can be shown.

    Args:
        files: The shot's.
        frames: Those that should be there, sorted.
        folder: Where `SHEET` and `FINDINGS` go.
        seen: Told of each frame.

    Raises:
        OutputError: The folder cannot be written.
    """
    found = check(files, frames, seen)
    write_text(folder / FINDINGS, json.dumps(found.document(), indent=2) + "\n")
    spoiled = {problem.frame for problem in found.problems}
    good = [frame for frame in frames if frame not in spoiled]
    if good:
        title = f"{files.path(good[0]).name} to {files.path(good[-1]).name}, {found.made_by['dvm:model']}"
        write_png(folder / SHEET, contact_sheet(_rows(files, good), title=title))
    return found


def check(files: Files, frames: Sequence[int], seen: Seen = lambda *_: None) -> Checked:
    """Look at every alpha.

    Args:
        files: The shot's.
        frames: Those that should be there, sorted.
        seen: Told of each frame.
    """
    problems: list[Problem] = []
    makers: dict[int, tuple[str, ...]] = {}
    for index, frame in enumerate(frames, 1):
        started, path = time.perf_counter(), files.path(frame)
        try:
            makers[frame] = _maker(path, frame)
            problems += [Problem(frame, str(path), message) for message in _faults(files, frame)]
        except InputError as error:
            problems.append(Problem(frame, str(path), error.message))
        seen(frame, index, time.perf_counter() - started)
    usual = Counter(makers.values()).most_common(1)
    rule = usual[0][0] if usual else ("",) * len(MADE_BY)
    problems += [
        Problem(frame, str(files.path(frame)), _other_maker(maker, rule))
        for frame, maker in makers.items()
        if maker != rule
    ]
    return Checked(tuple(frames), tuple(sorted(problems)), dict(zip(MADE_BY, rule, strict=True)))


def _rows(files: Files, frames: Sequence[int]) -> list[ReviewFrame]:
    """Some frames, evenly spread, made small enough for a contact sheet."""
    chosen = sorted({frames[index * (len(frames) - 1) // max(1, _ROWS - 1)] for index in range(_ROWS)})
    return [_row(files, frame) for frame in chosen]


def _maker(path: Path, frame: int) -> tuple[str, ...]:
    with ImageFile(path, frame) as image:
        return tuple(str(image.parts[0].get_string_attribute(name)) for name in MADE_BY)


def _other_maker(maker: tuple[str, ...], rule: tuple[str, ...]) -> str:
    differing = [
        f"{name} is {found or 'not set'} and not {usual or 'unset'}"
        for name, found, usual in zip(MADE_BY, maker, rule, strict=True)
        if found != usual
    ]
    return f"Frame was not made as the others: {', '.join(differing)}; make it again on a machine like theirs."


def _faults(files: Files, frame: int) -> list[str]:
    """What is wrong with one alpha that can be read."""
    path = files.path(frame)
    display, expected = _display(path, frame), files.plate.header(frame).display
    if display != expected:
        return [f"Its display window is {tuple(display)}, but the plate's is {tuple(expected)}."]
    alpha = _alpha(path, frame)
    faults = []
    if not (np.isfinite(alpha).all() and alpha.min() >= 0 and alpha.max() <= 1):
        faults.append("It holds NaN or values outside [0, 1].")
    trimap = files.trimap.read(frame)
    if trimap.shape != alpha.shape:
        return [*faults, f"It is {alpha.shape} pixels, but its trimap is {trimap.shape}."]
    wrong = (trimap == BACKGROUND) & (alpha > _EXACT) | (trimap == FOREGROUND) & (alpha < 1 - _EXACT)
    if wrong.any():
        faults.append(f"{int(wrong.sum())} pixels that the trimap knows are something else; was it painted again?")
    return faults


def _display(path: Path, frame: int) -> Any:
    with ImageFile(path, frame) as image:
        return ImageHeader.of_spec(image.parts[0]).display


def _alpha(path: Path, frame: int) -> NDArray[np.float32]:
    with ImageFile(path, frame) as image:
        named = "A" if "A" in image.parts[0].channelnames else ""
    return read_channel(path, named, frame=frame)


def _row(files: Files, frame: int) -> ReviewFrame:
    """One frame for the contact sheet; the foreground is estimated at full size, then all is made smaller."""
    linear = _rec709(files.plate.read(frame))
    alpha = _alpha(files.path(frame), frame).clip(0, 1)
    colour = foreground.estimate(linear, alpha)
    small = [_smaller(picture) for picture in (linear, alpha, colour)]
    trimap = _smaller(files.trimap.read(frame).astype(np.float32)).astype(np.uint8)
    return ReviewFrame(frame, small[0], trimap, small[1], small[2])


def _rec709(plate: Plate) -> NDArray[np.float32]:
    """Linear Rec.709 light of a plate, as a display shows it where the plate is in other primaries."""
    if plate.linear is not None and plate.linear_space == LINEAR:
        return plate.linear
    return to_linear(plate.display, requested_space(DISPLAY))


def _smaller(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    height, width = picture.shape[:2]
    if width <= _WIDTH:
        return picture
    size = (_WIDTH, max(1, round(height * _WIDTH / width)))
    shrunk: NDArray[np.float32] = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return shrunk
