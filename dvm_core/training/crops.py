"""Crops of finished frames, changed as one shot may change from frame to frame: what finetuning learns from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dvm_core.bridge.errors import InputError
from dvm_core.model.colour_model import KnownColours
from dvm_core.model.cues import network_input
from dvm_core.training.noise import Array, Rng

SIZES, SHARES = (128, 192, 256), (0.4, 0.4, 0.2)
"""Sides of the crops in pixels, and how often each is drawn."""

STRIDE = 32
CELL = 48
"""Side in pixels of the squares that are trained on or held out, whole."""

_UNKNOWN = 128
_SURROUND = 64  # pixels beyond a crop that its cues are computed with
_CHECKED = 192  # side of a crop that is scored
_GAIN = 0.04  # standard deviation of a channel's exposure, in natural logarithms
_WIDER = 8  # pixels that an unknown region grows by at most

Mask = NDArray[np.bool_]
Batch = dict[str, Tensor]
"""`frames` (N, T, C, H, W); `alpha` and `unknown` (N, 1, 1, H, W), of the middle frame."""


@dataclass(frozen=True)
class Example:
    """A finished frame and its neighbours, oldest first; past a shot's end its last frame repeats.

    Attributes:
        frame: Its number.
        plates: Of the window's frames, (H, W, 3) float32, display-referred in [0, 1].
        trimaps: Of the same frames, (H, W) uint8 of 0, 128 and 255.
        keys: What the keys know that each of these trimaps was propagated from; None for a trimap made for its frame.
        alpha: Of the frame itself, (H, W) float32 in [0, 1].
    """

    frame: int
    plates: tuple[Array, ...]
    trimaps: tuple[NDArray[np.uint8], ...]
    keys: tuple[KnownColours | None, ...]
    alpha: Array


class Crops:
    """Crops to train on and crops to judge by, of a few finished frames; every unknown pixel is for one of the two.

    Args:
        examples: At least one, all of one size.
        past: Frames of a window before its own.
        held: Share of the squares that are only judged.
        seed: Of all choices.

    Raises:
        InputError: The examples have too few unknown pixels to hold some of them out.
    """

    def __init__(self, examples: Sequence[Example], past: int, *, held: float, seed: int) -> None:
        self._examples = [_padded(example, past) for example in examples]
        self._past, self._seed = past, seed
        unknown = [example.trimaps[past] == _UNKNOWN for example in self._examples]
        self._held = _held_out(unknown, held, np.random.default_rng([seed, 0]))
        self._places = [np.argwhere(mask & ~out) for mask, out in zip(unknown, self._held, strict=True)]
        self._judged = [mask & out for mask, out in zip(unknown, self._held, strict=True)]
        if not sum(map(len, self._places)) or not any(mask.any() for mask in self._judged):
            frames = ", ".join(str(example.frame) for example in examples)
            raise InputError(
                f"The trimaps of the finished frames {frames} have too few unknown pixels to learn from; "
                "give frames whose edges are in the picture.",
                frame=examples[0].frame,
            )

    def batch(self, step: int, pixels: int, *, window: bool) -> Batch:
        """The batch of a step, which depends on the seed and the step alone.

        Args:
            step: Counted from 0.
            pixels: About so many, neighbours included.
            window: Whether neighbours are there; else frames stand alone.
        """
        rng = np.random.default_rng([self._seed, 1, step])
        size = min(int(rng.choice(SIZES, p=SHARES)), *self._examples[0].alpha.shape)
        frames = len(self._examples[0].plates) if window else 1
        count = max(1, round(pixels / (frames * size * size)))
        return _stacked([self._crop(rng, size, window=window) for _ in range(count)])

    def checks(self, count: int) -> list[Batch]:
        """Crops whose `unknown` is what no training sees, unchanged; one in each batch, `count` at most."""
        corners = slice(None, None, CELL)  # of each square, also of one that the frame's end cuts
        squares = [
            (number, row * CELL, column * CELL)
            for number, held in enumerate(self._held)
            for row, column in np.argwhere(held[corners, corners])
        ]
        order = np.random.default_rng([self._seed, 2]).permutation(len(squares))
        return [self._check(*squares[at]) for at in order[:count]]

    def _check(self, number: int, row: int, column: int) -> Batch:
        example = self._examples[number]
        size = min(_CHECKED, *example.alpha.shape)
        area = _area(row + CELL // 2 - size // 2, column + CELL // 2 - size // 2, size, example.alpha.shape)
        frames = zip(example.plates, example.trimaps, example.keys, strict=True)
        inputs = [_channels(plate, trimap, area, keys) for plate, trimap, keys in frames]
        return _stacked([_sample(inputs, example.alpha[area], self._judged[number][area])])

    def _crop(self, rng: Rng, size: int, *, window: bool) -> dict[str, NDArray[np.generic]]:
        counts = np.array([len(places) for places in self._places])
        number = int(rng.choice(len(counts), p=counts / counts.sum()))
        example, places = self._examples[number], self._places[number]
        row, column = places[int(rng.integers(len(places)))] - rng.integers(size, size=2)
        area = _area(int(row), int(column), size, example.alpha.shape)
        gain = np.exp(rng.normal(0.0, _GAIN, 3)).astype(np.float32)
        wider = max(0, int(rng.integers(-_WIDER // 2, _WIDER + 1)))
        seen = slice(None) if window else slice(self._past, self._past + 1)
        frames = zip(example.plates[seen], example.trimaps[seen], example.keys[seen], strict=True)
        inputs = [_channels(plate, trimap, area, keys, gain, wider) for plate, trimap, keys in frames]
        unknown = (inputs[self._past if window else 0][4] > 0) & ~self._held[number][area]
        return _turned(_sample(inputs, example.alpha[area], unknown), int(rng.integers(8)))


def _padded(example: Example, past: int) -> Example:
    """The example at a size that the network takes, by reflection, with the alpha that its own trimap knows."""
    height, width = (-(-side // STRIDE) * STRIDE for side in example.alpha.shape)
    below, right = height - example.alpha.shape[0], width - example.alpha.shape[1]

    def pad(pixels: NDArray[Any]) -> NDArray[Any]:
        if below == right == 0:
            return pixels
        return np.asarray(cv2.copyMakeBorder(pixels, 0, below, 0, right, cv2.BORDER_REFLECT_101))

    own = example.trimaps[past]
    alpha = np.where(own == _UNKNOWN, example.alpha, (own == 255).astype(np.float32)).astype(np.float32)
    plates, trimaps = (tuple(map(pad, frames)) for frames in (example.plates, example.trimaps))
    return replace(example, plates=plates, trimaps=trimaps, alpha=pad(alpha))


def _held_out(unknown: Sequence[Mask], share: float, rng: Rng) -> list[Mask]:
    """Masks of the squares that are held out: a share of all that hold unknown pixels, at least one."""
    held = [np.zeros(mask.shape, dtype=np.bool_) for mask in unknown]
    squares = [
        (number, slice(row, row + CELL), slice(column, column + CELL))
        for number, mask in enumerate(unknown)
        for row in range(0, mask.shape[0], CELL)
        for column in range(0, mask.shape[1], CELL)
        if mask[row : row + CELL, column : column + CELL].any()
    ]
    for at in rng.permutation(len(squares))[: max(1, round(share * len(squares)))]:
        number, rows, columns = squares[at]
        held[number][rows, columns] = True
    return held


def _area(row: int, column: int, size: int, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """A square of a picture, moved inside it."""
    top, left = min(max(row, 0), shape[0] - size), min(max(column, 0), shape[1] - size)
    return slice(top, top + size), slice(left, left + size)


def _channels(
    plate: Array,
    trimap: NDArray[np.uint8],
    area: tuple[slice, slice],
    keys: KnownColours | None,
    gain: Array | float = 1.0,
    wider: int = 0,
) -> Array:
    """The network's input for an area, (C, size, size); its cues look a little beyond.

    Args:
        plate: (H, W, 3).
        trimap: (H, W).
        area: Rows and columns.
        keys: What the keys know; a gain leaves it as it is, for light changes between a key and a frame, too.
        gain: Factor on the plate, or on each of its channels.
        wider: Pixels that the unknown region grows by.
    """
    rows, columns = (
        slice(max(part.start - _SURROUND, 0), min(part.stop + _SURROUND, side))
        for part, side in zip(area, trimap.shape, strict=True)
    )
    seen, known = np.clip(plate[rows, columns] * gain, 0.0, 1.0).astype(np.float32), trimap[rows, columns]
    if wider:
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * wider + 1, 2 * wider + 1))
        grown = cv2.dilate((known == _UNKNOWN).astype(np.uint8), disc) > 0
        known = np.where(grown, np.uint8(_UNKNOWN), known)
    top, left = area[0].start - rows.start, area[1].start - columns.start
    height, width = area[0].stop - area[0].start, area[1].stop - area[1].start
    channels = network_input(seen, np.ascontiguousarray(known), keys)
    return np.asarray(channels[:, top : top + height, left : left + width])


def _sample(inputs: Sequence[Array], alpha: Array, unknown: Mask) -> dict[str, NDArray[np.generic]]:
    return {"frames": np.stack(inputs), "alpha": alpha[None, None], "unknown": unknown[None, None]}


def _turned(sample: dict[str, NDArray[np.generic]], turn: int) -> dict[str, NDArray[np.generic]]:
    """One of the eight ways to lay a square down."""
    rows, columns = (slice(None, None, -1) if turn & bit else slice(None) for bit in (1, 2))
    turned = {name: values[..., rows, columns] for name, values in sample.items()}
    return {name: values.swapaxes(-1, -2) for name, values in turned.items()} if turn & 4 else turned


def _stacked(samples: Sequence[dict[str, NDArray[np.generic]]]) -> Batch:
    return {name: torch.from_numpy(np.stack([sample[name] for sample in samples])) for name in samples[0]}
