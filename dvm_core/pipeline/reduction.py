"""Large plates are matted reduced, and their detail comes back from the plate itself.

A network knows the widths of strands, ropes and bands in the pixels that it was trained on. A plate much larger than
that is reduced to about that size first; colour lines are fitted to the answer (`dvm_core/model/colour_line.py`), and
evaluated on the plate at full size, so that what the plate resolves, the alpha resolves (ADR 0013).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from dvm_core.io.trimap_file import FOREGROUND, UNKNOWN
from dvm_core.model import colour_line
from dvm_core.model.colour_model import KnownColours
from dvm_core.model.layout import channels_first, tensor_of
from dvm_core.pipeline.estimator import Alpha, NetworkEstimator, Pixel
from dvm_core.pipeline.frame import Frame
from dvm_core.pipeline.regions import Box

RADIUS = 1  # reduced pixels, of the windows that lines are fitted in
_REACH = 2 * RADIUS + 1  # reduced pixels around one that decide the line there, interpolation included
STRIP = 1 << 18  # pixels of the plate that are brought to full size at a time


def divisor_for(size: tuple[int, int], side: int | None) -> int:
    """By what to divide a plate's sides: halved once from one and a half of `side` on, and until twice that is enough.

    Not all the way down: what fills a frame is matted as well at `side`, but what is small in it would lose its detail.

    Args:
        size: Height and width in pixels.
        side: Longer side that the network learnt on (`MattingNetwork.side`); None for any.

    Returns:
        A power of two, 1 for full size.
    """
    longer = max(size)
    if side is None or 2 * longer < 3 * side:
        return 1
    divisor = 2
    while longer > 2 * side * divisor:
        divisor *= 2
    return divisor


def reduced(picture: NDArray[np.float32], divisor: int) -> NDArray[np.float32]:
    """Means of the cells of a plate or an alpha.

    Args:
        picture: (H, W, 3) or (H, W).
        divisor: Side of a cell in pixels.

    Returns:
        (h, w, 3) or (h, w), the sides rounded up: the last cells see the edge repeated.
    """
    padded = _whole_cells(picture, divisor)
    size = (padded.shape[1] // divisor, padded.shape[0] // divisor)
    return np.asarray(cv2.resize(padded, size, interpolation=cv2.INTER_AREA), np.float32)


def reduced_trimap(trimap: NDArray[np.uint8], divisor: int) -> NDArray[np.uint8]:
    """A trimap's cells, (H, W) to (h, w): unknown where nothing in one is known, else what most of the known is.

    So the band gets no wider than it was drawn. Where it is so thin that no cell near is unknown throughout, those
    that it touches are.
    """
    padded, pixels = _whole_cells(trimap, divisor), divisor**2
    unknown = np.zeros((padded.shape[0] // divisor, padded.shape[1] // divisor), np.int16)
    foreground = np.zeros_like(unknown)
    for row, column in np.ndindex(divisor, divisor):
        part = padded[row::divisor, column::divisor]
        unknown += part == UNKNOWN
        foreground += part == FOREGROUND
    whole = unknown == pixels
    near = cv2.dilate(whole.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    small: NDArray[np.uint8] = np.where(2 * foreground > pixels - unknown, np.uint8(FOREGROUND), np.uint8(0))
    small[whole | ((unknown > 0) & ~near)] = UNKNOWN
    return small


class ReducedEstimator:
    """A network on reduced frames, its answers brought to full size.

    Args:
        network: What mattes the reduced frames.
        divisor: Of the sides of plates and trimaps, 2 or more.
        device: That lines are computed on.
    """

    def __init__(self, network: NetworkEstimator, divisor: int, device: torch.device) -> None:
        self.window = network.window
        self._network, self._divisor, self._device = network, divisor, device

    def alpha(self, position: int, frames: Mapping[int, Frame], count: int) -> Alpha:
        """See `Estimator.alpha`."""
        frame = frames[position]
        if frame.unknown_box is None:
            return frame.known_alpha()
        smaller = {at: self._reduced(other) for at, other in frames.items()}
        return self._enlarged(smaller[position], self._network.alpha(position, smaller, count), frame)

    def region(self, frame: Frame) -> Box | None:
        """See `Estimator.region`."""
        trimap = reduced_trimap(frame.trimap, self._divisor)
        small = self._network.region(Frame(frame.number, None, trimap))
        if small is None:
            return None
        return small.scaled(self._divisor).cut(Box(0, 0, *frame.trimap.shape))

    def known_colours(self, plate: NDArray[np.float32], trimap: NDArray[np.uint8]) -> KnownColours | None:
        """See `Estimator.known_colours`; of the pixels that the network sees."""
        return self._network.known_colours(reduced(plate, self._divisor), reduced_trimap(trimap, self._divisor))

    def shrink(self) -> bool:
        """See `Estimator.shrink`."""
        return self._network.shrink()

    def _reduced(self, frame: Frame) -> Frame:
        """The frame, reduced; made once."""
        if frame.reduced is None:
            if frame.plate is None:
                raise RuntimeError(f"the plate of frame {frame.number} was released before it was reduced")
            plate, trimap = reduced(frame.plate, self._divisor), reduced_trimap(frame.trimap, self._divisor)
            frame.reduced = Frame(frame.number, plate, trimap, frame.wanted, frame.keys)
        return frame.reduced

    @torch.inference_mode()
    def _enlarged(self, small: Frame, answer: Alpha, frame: Frame) -> Alpha:
        alpha = frame.known_alpha()
        if small.plate is None or frame.plate is None or frame.unknown_box is None:
            raise RuntimeError(f"the plate of frame {frame.number} was released before its alpha was done")
        for cells in self._strips(frame.unknown_box):
            box = cells.scaled(self._divisor).cut(Box(0, 0, *alpha.shape))
            lines = self._lines(small.plate, answer, cells)[:, :, : box.height, : box.width]
            values = colour_line.evaluate(lines, self._maps(frame.plate[box.slices])).clamp(0.0, 1.0)
            unknown = frame.trimap[box.slices] == UNKNOWN
            alpha[box.slices][unknown] = values[0, 0].cpu().numpy()[unknown]
        return alpha

    def _strips(self, unknown: Box) -> Iterator[Box]:
        """Rows of the cells that hold the unknown pixels, so many at a time as `STRIP` allows."""
        top, left = unknown.top // self._divisor, unknown.left // self._divisor
        bottom, right = (-(-side // self._divisor) for side in (unknown.bottom, unknown.right))
        rows = max(1, STRIP // ((right - left) * self._divisor**2))
        for first in range(top, bottom, rows):
            yield Box(first, left, min(first + rows, bottom), right)

    def _lines(self, plate: NDArray[np.float32], alpha: Alpha, cells: Box) -> Tensor:
        """Lines of the pixels that some cells cover, (1, `colour_line.LINE`, h, w)."""
        seen = cells.grown(_REACH, Box(0, 0, *alpha.shape))
        answer = self._maps(alpha[seen.slices][..., None])
        lines = colour_line.of_picture(self._maps(plate[seen.slices]), answer, RADIUS)
        fine = functional.interpolate(lines, scale_factor=float(self._divisor), mode="bilinear", align_corners=False)
        rows, columns = cells.inside(seen)
        return fine[:, :, _times(rows, self._divisor), _times(columns, self._divisor)]

    def _maps(self, pixels: NDArray[np.float32]) -> Tensor:
        return channels_first(tensor_of(pixels).to(self._device))


def _whole_cells(pixels: NDArray[Pixel], divisor: int) -> NDArray[Pixel]:
    below, right = -pixels.shape[0] % divisor, -pixels.shape[1] % divisor
    if below == right == 0:
        return pixels
    padded: NDArray[Pixel] = np.asarray(cv2.copyMakeBorder(pixels, 0, below, 0, right, cv2.BORDER_REPLICATE))
    return padded


def _times(part: slice, factor: int) -> slice:
    return slice(part.start * factor, part.stop * factor)
