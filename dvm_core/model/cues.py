"""Colour cues: what the trimap already tells about each unknown pixel, computed over the whole frame before it is cut.

For each unknown pixel we look up the nearest known foreground and background colours, at the border of the known
regions and some pixels deeper inside them, take the pair that explains the pixel's colour best, and project the colour
on the line between the two. On equal training this halves the error of a network that sees colour and trimap alone.

Channels of `network_input` (`CHANNELS` in all), each about [0, 1]:

* 0-2 plate, display-referred sRGB
* 3 trimap is foreground, 4 trimap is unknown
* 5-7, 8-10 foreground and background colour of the best pair (the plate itself where the trimap is known)
* 11 projection on the pair of nearest colours, 12 projection on the best pair, 13 what the best pair leaves
* 14 foreground's share by distance alone, 15-16 nearness of the known foreground and background (1 at it, 1/2 at 16 px)
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dvm_core.model.network import PreparedFrame

CHANNELS = 17
_CUES = CHANNELS - 5
_DEPTHS = (0.0, 8.0, 24.0)  # pixels inside a known region that samples are taken at
_HALF_NEARNESS = 16.0  # pixels
_FAR = 1e4  # pixels; stands for "there is none"
_ABSENT = 0.5  # colour of a side that the frame does not have
_BATCH = 1 << 20  # unknown pixels handled at a time: bounds the memory of an 8K frame
_OFFSETS = tuple((dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1))

Float = NDArray[np.float32]
Trimap = NDArray[np.uint8]


@dataclass(frozen=True)
class _Samples:
    """Known colours of one side, as seen from P unknown pixels."""

    colours: list[Float]  # for each depth (P, 3)
    distance: Float  # (P,) pixels to the nearest one


def _sites(known: NDArray[np.bool_]) -> tuple[NDArray[np.int32], NDArray[np.intp], Float]:
    """For each pixel the index of its nearest known one: labels, flat position by label, and distances."""
    distance, labels = cv2.distanceTransformWithLabels(
        np.where(known, 0, 255).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    positions = np.flatnonzero(known)
    by_label = np.zeros(positions.size + 1, dtype=np.intp)
    by_label[labels.ravel()[positions]] = positions
    return labels, by_label, distance


def _local_means(plate: Float, known: NDArray[np.bool_], positions: NDArray[np.intp]) -> Float:
    """Mean known colour in the 3x3 around each position, so that grain does not decide; (S, 3)."""
    height, width = known.shape
    rows, columns = np.divmod(positions, width)
    total = np.zeros((positions.size, 3), dtype=np.float32)
    count = np.zeros((positions.size, 1), dtype=np.float32)
    for dy, dx in _OFFSETS:
        y, x = np.clip(rows + dy, 0, height - 1), np.clip(columns + dx, 0, width - 1)
        inside = known[y, x, None].astype(np.float32)
        total += plate[y, x] * inside
        count += inside
    return np.asarray(total / count, dtype=np.float32)


def _sample(plate: Float, known: NDArray[np.bool_], unknown: NDArray[np.intp]) -> _Samples:
    """Nearest known colours at each depth for the unknown pixels (flat positions)."""
    absent = np.full((unknown.size, 3), _ABSENT, dtype=np.float32)
    nearest = np.full(unknown.size, _FAR, dtype=np.float32)
    if not known.any():
        return _Samples([absent] * len(_DEPTHS), nearest)
    colours: list[Float] = []
    depth_of = cv2.distanceTransform(known.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    for depth in _DEPTHS:
        core = depth_of > depth
        if not core.any():  # a known region too thin for this depth
            colours.append(colours[-1])
            continue
        labels, by_label, distance = _sites(core)
        sites, inverse = np.unique(by_label[labels.ravel()[unknown]], return_inverse=True)
        colours.append(_local_means(plate, core, sites)[inverse])
        if depth == 0.0:
            nearest = distance.ravel()[unknown]
    return _Samples(colours, nearest)


def _project(colour: Float, foreground: Float, background: Float) -> tuple[Float, Float]:
    """Alpha of a colour on the line from background to foreground, and its distance from that line; (P,) each."""
    span = foreground - background
    along = np.einsum("pc,pc->p", colour - background, span)
    alpha = np.clip(along / (np.einsum("pc,pc->p", span, span) + 1e-3), 0.0, 1.0)
    rest = colour - background - alpha[:, None] * span
    return alpha, np.sqrt(np.einsum("pc,pc->p", rest, rest))


def _cues_of(colour: Float, foreground: _Samples, background: _Samples) -> Float:
    """The cues of P unknown pixels, (P, _CUES)."""
    nearest, least = _project(colour, foreground.colours[0], background.colours[0])
    best, pair = nearest.copy(), [foreground.colours[0].copy(), background.colours[0].copy()]
    for f, fore in enumerate(foreground.colours):
        for b, back in enumerate(background.colours):
            if f == b == 0:
                continue
            alpha, rest = _project(colour, fore, back)
            better = rest < least - 0.01  # a deeper sample must earn its place
            least, best = np.where(better, rest, least), np.where(better, alpha, best)
            pair[0][better], pair[1][better] = fore[better], back[better]
    cues = np.empty((colour.shape[0], _CUES), dtype=np.float32)
    cues[:, 0:3], cues[:, 3:6] = pair
    cues[:, 6], cues[:, 7], cues[:, 8] = nearest, best, least
    cues[:, 9] = background.distance / (foreground.distance + background.distance)
    cues[:, 10] = 1.0 / (1.0 + foreground.distance / _HALF_NEARNESS)
    cues[:, 11] = 1.0 / (1.0 + background.distance / _HALF_NEARNESS)
    return cues


def _part(samples: _Samples, part: slice) -> _Samples:
    return _Samples([colours[part] for colours in samples.colours], samples.distance[part])


class CuedFrame(PreparedFrame):
    """A plate, its trimap, and the colour cues of its unknown pixels in half precision.

    Args:
        plate: (H, W, 3) float32, display-referred sRGB in [0, 1].
        trimap: (H, W) of 0, 128 and 255.
    """

    def __init__(self, plate: Float, trimap: Trimap) -> None:
        self.plate, self.trimap = plate, trimap
        unknown = np.flatnonzero((trimap != 0) & (trimap != 255))
        self._slot = np.zeros(0, dtype=np.int32)
        self._cues = np.zeros((unknown.size, _CUES), dtype=np.float16)
        if unknown.size == 0:
            return
        foreground, background = _sample(plate, trimap == 255, unknown), _sample(plate, trimap == 0, unknown)
        colour = plate.reshape(-1, 3)[unknown]
        for start in range(0, unknown.size, _BATCH):
            part = slice(start, start + _BATCH)
            self._cues[part] = _cues_of(colour[part], _part(foreground, part), _part(background, part))
        self._slot = np.zeros(trimap.shape, dtype=np.int32)
        self._slot.ravel()[unknown] = np.arange(unknown.size, dtype=np.int32)

    def channels(self, rows: slice, columns: slice) -> Float:
        """The network's input for a region, (CHANNELS, h, w)."""
        plate, trimap = self.plate[rows, columns], self.trimap[rows, columns]
        foreground, unknown = trimap == 255, (trimap != 0) & (trimap != 255)
        channels = np.empty((CHANNELS, *trimap.shape), dtype=np.float32)
        channels[0:3] = plate.transpose(2, 0, 1)
        channels[3], channels[4] = foreground, unknown
        channels[5:8] = channels[8:11] = channels[0:3]
        channels[11] = channels[12] = channels[14] = channels[15] = channels[3]
        channels[13] = 0.0
        channels[16] = ~foreground
        if unknown.any():
            channels[5:, unknown] = self._cues[self._slot[rows, columns][unknown]].T
        return channels

    def crop(self, rows: slice, columns: slice) -> Tensor:
        """The network's input for a region, (1, CHANNELS, h, w) float32 on the CPU."""
        return torch.from_numpy(self.channels(rows, columns))[None]


def network_input(plate: Float, trimap: Trimap) -> Float:
    """The whole frame as the network sees it, (CHANNELS, H, W) float32.

    Args:
        plate: (H, W, 3) float32, display-referred sRGB in [0, 1].
        trimap: (H, W) of 0, 128 and 255.
    """
    everything = slice(None)
    return CuedFrame(plate, trimap).channels(everything, everything)
