"""Colour cues: what the trimap already tells about each unknown pixel, computed over the whole frame before it is cut.

For each unknown pixel we look up the nearest known foreground and background colours, at the border of the known
regions and some pixels deeper inside them, take the pair that explains the pixel's colour best, and project the colour
on the line between the two. On equal training this halves the error of a network that sees colour and trimap alone.
Beside that stands what the colours of all known pixels say (`colour_model.py`), however far they are.

Channels of `network_input` (`CHANNELS` in all), each about [0, 1]:

* 0-2 plate, display-referred sRGB
* 3 trimap is foreground, 4 trimap is unknown
* 5-7, 8-10 foreground and background colour of the best pair (the plate itself where the trimap is known)
* 11 projection on the pair of nearest colours, 12 projection on the best pair, 13 what the best pair leaves
* 14 foreground's share by distance alone, 15-16 nearness of the known foreground and background (1 at it, 1/2 at 1.6
  radii of the unknown band, `band_radius`)
* 17-18 foreground's share by the colour models, narrow and wide; 19-20 familiarity to the foreground and the background

A frame whose trimap was propagated knows less than the keys that it came from: what the tracker was not sure of is
unknown there. So its colour models are mostly of the keys' known pixels (`KEYS`, ADR 0015).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dvm_core.model.colour_model import CHANNELS as MODEL_CHANNELS
from dvm_core.model.colour_model import ColourModel, KnownColours
from dvm_core.model.layout import channels_first, tensor_of
from dvm_core.model.network import PreparedFrame

CHANNELS = 21
_CUES = CHANNELS - 5
_MODEL = _CUES - MODEL_CHANNELS  # first of the colour models' channels among the cues
_DEPTHS = (0.0, 8.0, 24.0)  # pixels inside a known region that samples are taken at
_HALF_NEARNESS = 1.6  # radii of the band
_NARROWEST, _WIDEST, _NARROW = 1.0, 64.0, 0.1  # radii in pixels, and the share of the ridge that may be narrower
_FAR = 1e4  # pixels; stands for "there is none"
_ABSENT = 0.5  # colour of a side that the frame does not have
_BATCH = 1 << 16  # unknown pixels handled at a time: what lies between stays in the processor's cache
KEYS = 0.9
"""Share of the keys' known colours in those of a frame between them; the rest, its own, follows changes of light."""
_OFFSETS = tuple((dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1))

# Cues of known background and of known foreground, as above; their colours, which are the plate's, are filled in later.
_KNOWN = np.array([[0] * 6 + [side, side, 0, side, side, 1 - side, *[side] * 3, 1 - side] for side in (0, 1)])

Float = NDArray[np.float32]
Trimap = NDArray[np.uint8]


@dataclass(frozen=True)
class _Samples:
    """Known colours of one side, as seen from P unknown pixels."""

    colours: list[Float]  # for each depth that the side has (3, S), the colours there are
    chosen: list[NDArray[np.int32]]  # for each depth (P,), which of them is nearest
    distance: Float  # (P,) pixels to the nearest one

    def of(self, part: slice) -> list[Float]:
        """Colours for a part of the unknown pixels, (3, p) for each depth."""
        return [np.take(colours, which[part], axis=1) for colours, which in zip(self.colours, self.chosen, strict=True)]


def _nearest(
    known: NDArray[np.bool_], unknown: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32], Float]:
    """Flat positions of the known pixels that are nearest to some unknown one, which one for each, and how far."""
    distance, labels = cv2.distanceTransformWithLabels(
        np.where(known, np.uint8(0), np.uint8(255)), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    positions = np.flatnonzero(known).astype(np.int32)
    by_label = np.zeros(positions.size + 1, dtype=np.int32)
    by_label[labels.ravel()[positions]] = positions
    label = labels.ravel()[unknown]
    used = np.zeros(by_label.size, dtype=bool)
    used[label] = True
    rank = np.cumsum(used, dtype=np.int32) - 1
    return by_label[used], rank[label], distance.ravel()[unknown]


def _local_means(plate: Float, known: NDArray[np.bool_], positions: NDArray[np.int32]) -> Float:
    """Mean known colour in the 3x3 around each position, so that grain does not decide; (3, S)."""
    height, width = known.shape
    rows, columns = np.divmod(positions, width)
    total = np.zeros((positions.size, 3), dtype=np.float32)
    count = np.zeros((positions.size, 1), dtype=np.float32)
    for dy, dx in _OFFSETS:
        y, x = np.clip(rows + dy, 0, height - 1), np.clip(columns + dx, 0, width - 1)
        inside = known[y, x, None].astype(np.float32)
        total += plate[y, x] * inside
        count += inside
    return np.ascontiguousarray((total / count).T)


def _sample(plate: Float, known: NDArray[np.bool_], unknown: NDArray[np.int32]) -> _Samples:
    """Nearest known colours at each depth for the unknown pixels (flat positions)."""
    if not known.any():
        absent = np.full((3, 1), _ABSENT, dtype=np.float32)
        nobody = np.zeros(unknown.size, dtype=np.int32)
        far = np.full(unknown.size, _FAR, dtype=np.float32)
        return _Samples([absent], [nobody], far)
    colours: list[Float] = []
    chosen: list[NDArray[np.int32]] = []
    depth_of = cv2.distanceTransform(known.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    nearest = np.empty(0, dtype=np.float32)
    for depth in _DEPTHS:
        core = depth_of > depth
        if not core.any():  # a known region too thin for this depth
            break
        sites, choice, distance = _nearest(core, unknown)
        colours.append(_local_means(plate, core, sites))
        chosen.append(choice)
        if depth == 0.0:
            nearest = distance
    return _Samples(colours, chosen, nearest)


def _is_unknown(trimap: Trimap) -> NDArray[np.bool_]:
    return np.asarray((trimap != 0) & (trimap != 255))


def band_radius(trimap: Trimap) -> float:
    """Half the width of the unknown band where it is narrow: how far the trimap's maker went beyond what is mixed.

    Distances say little in pixels: six are a generous band in one picture and a hair's breadth in another, or in the
    same one at twice the size.

    Args:
        trimap: (H, W) of 0, 128 and 255.

    Returns:
        Pixels, in [1, 64].
    """
    unknown = _is_unknown(trimap)
    depth = cv2.distanceTransform(unknown.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    ridge = depth[unknown & (depth >= cv2.dilate(depth, np.ones((3, 3), np.uint8)))]
    ridge = np.sort(np.minimum(ridge, np.float32(_WIDEST)))
    if ridge.size == 0:
        return _NARROWEST
    # Weighed by depth, as areas are: a ragged rim has many ridges, all shallow, and is not the band.
    weight = np.cumsum(ridge, dtype=np.float64)
    radius = ridge[np.searchsorted(weight, _NARROW * weight[-1])]
    return max(float(radius), _NARROWEST)


def _dot(first: Float, second: Float) -> Float:
    return np.asarray(first[0] * second[0] + first[1] * second[1] + first[2] * second[2])


def _project(colour: Float, foreground: Float, background: Float) -> tuple[Float, Float]:
    """Alpha of colours (3, p) on the line from background to foreground, and their distance from that line; (p,)."""
    span, above = foreground - background, colour - background
    alpha = np.clip(_dot(above, span) / (_dot(span, span) + np.float32(1e-3)), 0.0, 1.0)
    rest = above - alpha * span
    return alpha, np.sqrt(_dot(rest, rest))


def _cues_of(colour: Float, foreground: _Samples, background: _Samples, part: slice, half: float) -> Float:
    """The cues of a part of the unknown pixels, whose colours are (3, p), by their nearest samples; (_MODEL, p).

    Nearness has halved at `half` pixels.
    """
    fores, backs = foreground.of(part), background.of(part)
    nearest, least = _project(colour, fores[0], backs[0])
    best, pair = nearest, (fores[0], backs[0])
    for f, fore in enumerate(fores):
        for b, back in enumerate(backs):
            if f == b == 0:
                continue
            alpha, rest = _project(colour, fore, back)
            better = rest < least - np.float32(0.01)  # a deeper sample must earn its place
            least, best = np.where(better, rest, least), np.where(better, alpha, best)
            pair = (np.where(better, fore, pair[0]), np.where(better, back, pair[1]))
    near, far = foreground.distance[part], background.distance[part]
    cues = np.empty((_MODEL, colour.shape[1]), dtype=np.float32)
    cues[0:3], cues[3:6] = pair
    cues[6:9] = nearest, best, least
    cues[9] = far / (near + far)
    cues[10] = 1.0 / (1.0 + near / half)
    cues[11] = 1.0 / (1.0 + far / half)
    return cues


class CuedFrame(PreparedFrame):
    """A plate, its trimap, and the colour cues of its unknown pixels in half precision.

    Args:
        plate: (H, W, 3) float32, display-referred sRGB in [0, 1].
        trimap: (H, W) of 0, 128 and 255.
        keys: What the frames know that the trimap was propagated from; None for a trimap that was made for the frame.
    """

    def __init__(self, plate: Float, trimap: Trimap, keys: KnownColours | None = None) -> None:
        self.plate, self.trimap = plate, trimap
        unknown = np.flatnonzero(_is_unknown(trimap)).astype(np.int32)
        # Of each pixel, the row of its cues; known pixels share two, and bring their own colours.
        self._row = np.asarray(trimap == 255, dtype=np.int32)
        self._row.ravel()[unknown] = np.arange(len(_KNOWN), len(_KNOWN) + unknown.size, dtype=np.int32)
        self._cues = np.empty((len(_KNOWN) + unknown.size, _CUES), dtype=np.float16)
        self._cues[: len(_KNOWN)] = _KNOWN
        if unknown.size == 0:
            return
        half = _HALF_NEARNESS * band_radius(trimap)  # before the samples, which fill a large frame's memory
        foreground, background = _sample(plate, trimap == 255, unknown), _sample(plate, trimap == 0, unknown)
        known = KnownColours.of(plate, trimap)
        model = ColourModel(known if keys is None else KnownColours.mixed([(keys, KEYS), (known, 1.0 - KEYS)]))
        cues = self._cues[len(_KNOWN) :]
        for start in range(0, unknown.size, _BATCH):
            part = slice(start, start + _BATCH)
            colour = np.ascontiguousarray(plate.reshape(-1, 3)[unknown[part]].T)
            cues[part, :_MODEL] = _cues_of(colour, foreground, background, part, half).T
            cues[part, _MODEL:] = model.look_up(colour).T

    def crop(
        self, rows: slice, columns: slice, channels: int | None = None, dtype: torch.dtype = torch.float32
    ) -> Tensor:
        """As `PreparedFrame.crop` says; channels last in memory."""
        plate = tensor_of(self.plate[rows, columns, :channels]).to(dtype)
        if channels is not None and channels <= 3:
            return channels_first(plate)
        trimap, row = (tensor_of(part[rows, columns]) for part in (self.trimap, self._row))
        known = (row < len(_KNOWN))[..., None]
        pixels = torch.empty(*trimap.shape, CHANNELS, dtype=dtype)
        pixels[..., :3], pixels[..., 3], pixels[..., 4:5] = plate, trimap == 255, ~known
        pixels[..., 5:] = torch.from_numpy(self._cues).index_select(0, row.flatten()).unflatten(0, trimap.shape)
        for first in (5, 8):
            colours = pixels[..., first : first + 3]
            torch.where(known, plate, colours, out=colours)
        return channels_first(pixels)[:, :channels]


def network_input(plate: Float, trimap: Trimap, keys: KnownColours | None = None) -> Float:
    """The whole frame as the network sees it, (CHANNELS, H, W) float32.

    Args:
        plate: (H, W, 3) float32, display-referred sRGB in [0, 1].
        trimap: (H, W) of 0, 128 and 255.
        keys: As for `CuedFrame`.
    """
    everything = slice(None)
    return CuedFrame(plate, trimap, keys).crop(everything, everything)[0].numpy()
