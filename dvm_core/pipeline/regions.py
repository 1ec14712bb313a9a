"""Rectangles of a frame: where the unknown pixels are, and what must be computed for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Box:
    """A rectangle of pixels, half open like a slice."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def height(self) -> int:
        """Rows."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """Columns."""
        return self.right - self.left

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns, to index (H, W, ...) with."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def inside(self, outer: Box, scale: int = 1) -> tuple[slice, slice]:
        """Rows and columns of this box in a map of `outer` that has one cell for `scale` pixels."""
        rows = slice((self.top - outer.top) // scale, (self.bottom - outer.top) // scale)
        return rows, slice((self.left - outer.left) // scale, (self.right - outer.left) // scale)

    def moved(self, down: int, right: int) -> Box:
        """This box, further down and right by so many pixels."""
        return Box(self.top + down, self.left + right, self.bottom + down, self.right + right)

    def scaled(self, factor: int) -> Box:
        """The box of the same part of a picture whose sides are `factor` times as long."""
        return Box(self.top * factor, self.left * factor, self.bottom * factor, self.right * factor)

    def cut(self, bounds: Box) -> Box:
        """The part of this box that lies in `bounds`."""
        return self.grown(0, bounds)

    def grown(self, pixels: int, bounds: Box) -> Box:
        """This box with a border of `pixels`, cut to `bounds`."""
        return Box(
            max(self.top - pixels, bounds.top),
            max(self.left - pixels, bounds.left),
            min(self.bottom + pixels, bounds.bottom),
            min(self.right + pixels, bounds.right),
        )

    def snapped(self, grid: int, bounds: Box) -> Box:
        """The smallest box on a grid that begins at the frame's corner and holds this one, cut to `bounds`."""
        return Box(
            max(self.top // grid * grid, bounds.top),
            max(self.left // grid * grid, bounds.left),
            min(-(-self.bottom // grid) * grid, bounds.bottom),
            min(-(-self.right // grid) * grid, bounds.right),
        )


def union(boxes: Iterable[Box]) -> Box:
    """The smallest box that holds all of `boxes` (at least one)."""
    corners = np.array([(box.top, box.left, -box.bottom, -box.right) for box in boxes]).min(axis=0)
    top, left, bottom, right = (int(corner) for corner in corners)
    return Box(top, left, -bottom, -right)


def mask_box(mask: NDArray[np.bool_]) -> Box | None:
    """The smallest box that holds every true pixel of (H, W), or None where there is none."""
    rows = np.flatnonzero(mask.any(axis=1))
    if rows.size == 0:
        return None
    columns = np.flatnonzero(mask[rows[0] : rows[-1] + 1].any(axis=0))
    return Box(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)


def tiles(region: Box, side: int) -> Iterator[Box]:
    """Cut a region into tiles of at most `side` pixels, row by row, on a grid that begins at the frame's corner."""
    for top in range(region.top // side * side, region.bottom, side):
        for left in range(region.left // side * side, region.right, side):
            yield Box(
                max(top, region.top),
                max(left, region.left),
                min(top + side, region.bottom),
                min(left + side, region.right),
            )
