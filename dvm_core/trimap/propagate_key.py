"""From a key's trimap to what is carried, and back: what an artist drew as one grey band has three causes.

Pixels are mixed; or they are a margin around mixed ones; or their owner is not known (glass, smoke, a wide scribble).
Carried as one label, the margin would spread over all that looks like the background in it. So the key is matted, its
alpha is carried, the margin is drawn anew as wide as the key's, and only what is unknown beyond it stays a label.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from dvm_core.io.trimap_file import BACKGROUND, FOREGROUND, UNKNOWN
from dvm_core.model.closed_form import ClosedForm
from dvm_core.trimap.propagate_grid import Grid, Map

MIXED = 0.15  # further than this from 0 and 1, a carried alpha is mixed
_KEY_MIXED = 0.05  # the same for the key's, which no step has blurred
_MEANT = 0.95  # share of a grid pixel that must be known for it to be known
_WIDE = 1.5  # grid pixels from the nearest solid one that make a mixed pixel part of hair, smoke or blur
_BEYOND = 2.0  # margins from the nearest mixed pixel that make an unknown one unknown for its own sake
_OPEN = 0.35  # of the label that says so
_WIDER = 100.0  # grid pixels that the margin would grow by where nothing is trusted: faint hair is what is lost first,
_WIDEST = 16.0  # and what it grows by at most

_CROSS = np.ones((3, 3), np.uint8)


class Key(NamedTuple):
    """A key on the grid.

    Attributes:
        labels: (2, h, w): alpha, and 1 where the key is unknown for more than its margin's sake.
        margin: Width of the band around mixed pixels, in grid pixels.
    """

    labels: Map
    margin: float


def understand(plate: Map, trimap: NDArray[np.uint8], grid: Grid) -> Key:
    """Tell apart why a key's pixels are unknown.

    Args:
        plate: (h, w, 3) on the grid, display-referred in [0, 1].
        trimap: (H, W) of 0, 128 and 255.
        grid: Of the segment.
    """
    small = np.full(grid.shape, UNKNOWN, np.uint8)
    for value in (BACKGROUND, FOREGROUND):
        small[grid.reduce((trimap == value).astype(np.float32)) > _MEANT] = value
    alpha = ClosedForm().alpha(plate, small)
    unknown = small == UNKNOWN
    mixed = (alpha > _KEY_MIXED) & (alpha < 1 - _KEY_MIXED)
    far = _distance(mixed | _edge(alpha))
    rim = unknown & (cv2.erode(unknown.astype(np.uint8), _CROSS, borderValue=1) == 0)
    margin = float(np.median(far[rim])) if rim.any() else 0.0
    margin = max(margin, 1.0)
    wide = mixed & (_distance(~mixed) > _WIDE)
    open_ = wide | (unknown & (far > _BEYOND * (margin + 1)))
    return Key(np.stack([alpha, open_.astype(np.float32)]), margin)


def draw(labels: Map, margin: float, trust: float, grid: Grid) -> NDArray[np.uint8]:
    """The trimap of carried labels.

    Args:
        labels: (2, h, w), as in `Key`.
        margin: Width of the band, in grid pixels.
        trust: In [0, 1]; the band widens as it falls.
        grid: Of the segment.

    Returns:
        (H, W) of 0, 128 and 255.
    """
    alpha, open_ = labels
    mixed = ((alpha > MIXED) & (alpha < 1 - MIXED)).astype(np.uint8)
    # Single pixels are noise of the search, not strands: those are carried as wide.
    mixed = cv2.morphologyEx(mixed, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    far = _distance((mixed > 0) | _edge(alpha))
    trimap = np.where(grid.enlarge(alpha) > 0.5, FOREGROUND, BACKGROUND).astype(np.uint8)
    trimap[grid.enlarge(far) <= margin + min(_WIDER * (1 - trust), _WIDEST)] = UNKNOWN
    trimap[grid.enlarge(open_) > _OPEN] = UNKNOWN
    return trimap


def _edge(alpha: Map) -> NDArray[np.bool_]:
    """Pixels on both sides of where alpha crosses one half."""
    return np.asarray(cv2.morphologyEx((alpha > 0.5).astype(np.uint8), cv2.MORPH_GRADIENT, _CROSS) > 0)


def _distance(region: NDArray[np.bool_]) -> Map:
    """From each pixel to the nearest one of `region`; far away where there is none."""
    if not region.any():
        return np.full(region.shape, 1e6, np.float32)
    return np.asarray(cv2.distanceTransform((~region).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE))
