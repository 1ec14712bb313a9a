"""One picture that tells whether a matte is good: a row a frame, a column for each way to look at it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dvm_core.bridge.errors import UsageError
from dvm_core.review.comp import GREY, SATURATED, display_bytes, over, unit_bytes

ERROR_GAIN = 4

_GAP, _CAPTION = 6, 26
_PAPER, _INK = 28, 210


@dataclass(frozen=True)
class ReviewFrame:
    """All that a contact sheet shows of one frame.

    Attributes:
        frame: Frame number.
        plate: (H, W, 3) scene-linear Rec.709.
        trimap: (H, W) of 0, 128 and 255.
        alpha: (H, W) in [0, 1].
        foreground: (H, W, 3) straight scene-linear colour.
        truth: The exact alpha (H, W), where it is known.
    """

    frame: int
    plate: NDArray[np.float32]
    trimap: NDArray[np.uint8]
    alpha: NDArray[np.float32]
    foreground: NDArray[np.float32]
    truth: NDArray[np.float32] | None = None


def contact_sheet(frames: Sequence[ReviewFrame], *, title: str = "", cell_width: int = 480) -> NDArray[np.uint8]:
    """Lay out frames as rows of plate, trimap, alpha, comps over grey and blue, and the error where truth is known.

    Args:
        frames: At least one, in the order of the rows.
        title: A line above all, for instance the model's name.
        cell_width: Pixels across each picture.

    Returns:
        (h, w, 3) uint8 sRGB.

    Raises:
        UsageError: if there are no frames.
    """
    if not frames:
        raise UsageError("A contact sheet needs at least one frame.")
    with_truth = any(frame.truth is not None for frame in frames)
    rows = [_row(frame, with_truth, cell_width) for frame in frames]
    if title:
        rows.insert(0, _caption(title, rows[0].shape[1]))
    return np.pad(np.concatenate(rows), ((_GAP, _GAP), (_GAP, 0), (0, 0)), constant_values=_PAPER)


def error_picture(alpha: NDArray[np.float32], truth: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Where and how far an alpha is off: black is right, yellow a quarter or more.

    Returns:
        (H, W, 3) uint8 sRGB.
    """
    amplified = unit_bytes(ERROR_GAIN * np.abs(alpha - truth))
    picture: NDArray[np.uint8] = cv2.applyColorMap(amplified, cv2.COLORMAP_INFERNO)[..., ::-1]
    return picture


def _row(frame: ReviewFrame, with_truth: bool, width: int) -> NDArray[np.uint8]:
    cells = [
        (f"{frame.frame}  plate", display_bytes(frame.plate)),
        ("trimap", _grey(frame.trimap)),
        ("alpha", _grey(unit_bytes(frame.alpha))),
        ("over grey", display_bytes(over(frame.foreground, frame.alpha, GREY))),
        ("over blue", display_bytes(over(frame.foreground, frame.alpha, SATURATED))),
    ]
    if with_truth:
        error = np.zeros_like(cells[0][1]) if frame.truth is None else error_picture(frame.alpha, frame.truth)
        cells.append((f"error x {ERROR_GAIN}", error))
    return np.concatenate([_cell(label, picture, width) for label, picture in cells], axis=1)


def _cell(label: str, picture: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    height = max(1, round(width * picture.shape[0] / picture.shape[1]))
    smaller = width < picture.shape[1]
    fitted = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)
    cell = np.concatenate([_caption(label, width), fitted])
    return np.pad(cell, ((0, _GAP), (0, _GAP), (0, 0)), constant_values=_PAPER)


def _caption(text: str, width: int) -> NDArray[np.uint8]:
    strip = np.full((_CAPTION, width, 3), _PAPER, np.uint8)
    cv2.putText(strip, text, (2, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (_INK,) * 3, 1, cv2.LINE_AA)
    return strip


def _grey(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(values[..., None], 3, axis=2)
