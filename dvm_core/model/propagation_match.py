"""Correlation layer of trimap propagation: labels of a reference frame, carried to where the target looks the same.

Every target pixel looks at a window of reference pixels around the place that flow points to, correlates (our kernel),
and takes the mean of their labels, weighted by a softmax over the similarities: local attention. Only tiles in which
labels differ are computed; elsewhere every window holds one label, and that is the answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from dvm_core.model.propagation import Appearance
from dvm_core.ops import correlation

RADIUS = 5
"""Of the window, in grid pixels."""

TEMPERATURE = 0.05
"""Of the softmax: a reference pixel less similar by this counts a third."""

TILE = 32
_TOGETHER = 16  # tiles computed at once, which bounds the memory
_DIFFERENT = 0.1  # labels that differ by less are one label

Map = NDArray[np.float32]
Origin = tuple[int, int]


@dataclass(frozen=True)
class Match:
    """What a reference frame says about the target.

    Attributes:
        labels: (L, h, w) in [0, 1].
        similarity: (h, w), of the best pixel in the window; `propagation.FLAWLESS` at most.
        shift: (h, w, 2), x and y of that pixel from the window's centre; 0 where nothing had to be computed.
    """

    labels: Map
    similarity: Map
    shift: Map


@torch.inference_mode()
def match(target: Appearance, reference: Appearance, labels: Map, x: Map, y: Map) -> Match:
    """Carry labels.

    Args:
        target: Of (h, w).
        reference: Of any size.
        labels: (L, h, w) of the reference, already brought to the target by `x` and `y`.
        x: (h, w) column in the reference that each target pixel's window is centred on.
        y: (h, w) row, likewise; beyond the border the nearest pixel stands in.
    """
    warped = _sample(reference.reference, x, y)
    similarity = (target.query * warped).sum(1)[0].numpy()
    carried, shift = labels.copy(), np.zeros((*x.shape, 2), np.float32)
    places = _active(labels)
    if not places:
        return Match(carried, similarity, shift)
    stacks = [_halo(source) for source in (target.query, warped, torch.from_numpy(labels)[None])]
    for start in range(0, len(places), _TOGETHER):
        some = places[start : start + _TOGETHER]
        tiles = [torch.stack([_cut(stack, place) for place in some]) for stack in stacks]
        for place, mean, best, at in zip(some, *_attend(*tiles), strict=True):
            rows, columns = (slice(first, first + TILE) for first in place)
            height, width = similarity[rows, columns].shape
            carried[:, rows, columns] = mean[:, :height, :width].numpy()
            similarity[rows, columns] = best[:height, :width].numpy()
            step = at[:height, :width].numpy()
            shift[rows, columns] = np.stack([step % _SIDE - RADIUS, step // _SIDE - RADIUS], -1)
    return Match(carried, similarity, shift)


_SIDE = 2 * RADIUS + 1


def _active(labels: Map) -> list[Origin]:
    """Tiles whose windows hold different labels."""
    window = np.ones((_SIDE, _SIDE), np.uint8)
    spread = np.zeros(labels.shape[1:], bool)
    for label in labels:
        spread |= cv2.dilate(label, window) - cv2.erode(label, window) > _DIFFERENT
    height, width = labels.shape[1:]
    return [
        (row, column)
        for row in range(0, height, TILE)
        for column in range(0, width, TILE)
        if spread[row : row + TILE, column : column + TILE].any()
    ]


def _sample(maps: Tensor, x: Map, y: Map) -> Tensor:
    height, width = maps.shape[-2:]
    grid = np.stack([(x + 0.5) * (2 / width) - 1, (y + 0.5) * (2 / height) - 1], -1).astype(np.float32)
    return functional.grid_sample(maps, torch.from_numpy(grid)[None], padding_mode="border", align_corners=False)


def _halo(maps: Tensor) -> Tensor:
    """(1, C, h, w) to (C, whole tiles and a window's radius around them)."""
    height, width = maps.shape[-2:]
    return functional.pad(maps, (RADIUS, RADIUS - width % -TILE, RADIUS, RADIUS - height % -TILE), mode="replicate")[0]


def _cut(stack: Tensor, place: Origin) -> Tensor:
    row, column = place
    return stack[:, row : row + TILE + 2 * RADIUS, column : column + TILE + 2 * RADIUS]


def _attend(query: Tensor, reference: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Mean labels (n, L, T, T), best similarity and its place in the window (n, T, T), of tiles with their halo."""
    inner = slice(RADIUS, RADIUS + TILE)
    scores = correlation(query, reference, radius=RADIUS)[:, :, inner, inner].permute(0, 2, 3, 1) * query.shape[1]
    best, at = scores.max(-1)
    weights = ((scores - best[..., None]) / TEMPERATURE).exp_()
    weights /= weights.sum(-1, keepdim=True)
    windows = labels.unfold(2, _SIDE, 1).unfold(3, _SIDE, 1).flatten(4)
    return torch.einsum("nyxk,nlyxk->nlyx", weights, windows), best, at
