"""The grid that trimaps are propagated on: the frame reduced so far that its object keeps a fixed number of pixels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dvm_core.io.trimap_file import BACKGROUND

OBJECT = 60_000  # grid pixels for the box around the key's object, at most
LONGEST = 640  # grid pixels of the longer side, at most

MARGIN = 32
"""Grid pixels around an object that a step looks at, so what it may move in a frame; no less than two windows."""

SQUARE = np.ones((3, 3), np.uint8)
"""Kernel of a pixel and its eight neighbours."""

Map = NDArray[np.float32]


@dataclass(frozen=True)
class Box:
    """A rectangle of the grid, ends excluded."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def window(self) -> tuple[slice, slice]:
        """Rows and columns."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def positions(self) -> tuple[Map, Map]:
        """Column and row of each of its pixels."""
        columns = np.arange(self.left, self.right, dtype=np.float32)
        return tuple(np.meshgrid(columns, np.arange(self.top, self.bottom, dtype=np.float32)))  # type: ignore[return-value]


@dataclass(frozen=True)
class Grid:
    """A reduced frame.

    Attributes:
        size: Height and width of the frame.
        shape: Height and width of the grid.
    """

    size: tuple[int, int]
    shape: tuple[int, int]

    @classmethod
    def around(cls, keys: Iterable[NDArray[np.uint8]]) -> Grid:
        """The grid of a segment, which depends on the size of what its keys (H, W) show."""
        areas, size = [1], (1, 1)
        for key in keys:
            size = key.shape[0], key.shape[1]
            rows, columns = _extent(key != BACKGROUND)
            areas.append(len(rows) * len(columns))
        scale = min(1.0, (OBJECT / max(areas)) ** 0.5, LONGEST / max(size))
        return cls(size, (max(1, round(size[0] * scale)), max(1, round(size[1] * scale))))

    @property
    def scale(self) -> float:
        """Grid pixels for each pixel."""
        return max(self.shape) / max(self.size)

    def reduce(self, picture: Map) -> Map:
        """(H, W) or (H, W, C) to the grid, each pixel the mean of what it covers."""
        if self.shape == self.size:
            return np.ascontiguousarray(picture)
        return np.asarray(cv2.resize(picture, self.shape[::-1], interpolation=cv2.INTER_AREA))

    def enlarge(self, values: Map) -> Map:
        """(h, w) of the grid to the frame, linearly."""
        return np.asarray(cv2.resize(values, self.size[::-1], interpolation=cv2.INTER_LINEAR))

    def box(self, region: NDArray[np.bool_]) -> Box | None:
        """What a step looks at for an object that covers `region` (h, w); None where there is no object."""
        rows, columns = _extent(region)
        if not len(rows):
            return None
        top, bottom = max(rows.start - MARGIN, 0), min(rows.stop + MARGIN, self.shape[0])
        left, right = max(columns.start - MARGIN, 0), min(columns.stop + MARGIN, self.shape[1])
        return Box(top, left, bottom, right)


def _extent(region: NDArray[np.bool_]) -> tuple[range, range]:
    rows, columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
    if not len(rows):
        return range(0), range(0)
    return range(int(rows[0]), int(rows[-1]) + 1), range(int(columns[0]), int(columns[-1]) + 1)


def edge(alpha: Map) -> NDArray[np.bool_]:
    """Pixels on both sides of where alpha crosses one half."""
    return np.asarray(cv2.morphologyEx((alpha > 0.5).astype(np.uint8), cv2.MORPH_GRADIENT, SQUARE) > 0)


def distance(region: NDArray[np.bool_]) -> Map:
    """From each pixel to the nearest one of `region`; far away where there is none."""
    if not region.any():
        return np.full(region.shape, 1e6, np.float32)
    return np.asarray(cv2.distanceTransform((~region).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE))
