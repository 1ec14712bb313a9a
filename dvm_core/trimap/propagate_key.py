"""From a key's trimap to what is carried: what an artist drew as one grey band has three causes.

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
from dvm_core.trimap.propagate_grid import SQUARE, Grid, Map, distance, edge

_MIXED = 0.05  # further than this from 0 and 1, a key's alpha is mixed
_MEANT = 0.95  # share of a grid pixel that must be known for it to be known
_WIDE = 1.5  # grid pixels from the nearest solid one that make a mixed pixel part of hair, smoke or blur
_NARROW = 0.25  # share of the rim that is no wider: the rest may be wide for the sake of what is in it
_WIDEST = 16.0  # grid pixels that a margin has at most; more is an area that was scribbled
_BEYOND = 1.0  # margins from the nearest mixed pixel that make an unknown one unknown for its own sake


LABELS = 4
OBJECT = slice(0, 3)
"""Labels of the object and its edge; the other is of what lies around it."""


class Key(NamedTuple):
    """A key on the grid.

    Attributes:
        labels: (LABELS, h, w): alpha; 1 where the key is unknown for more than its margin's sake; 1 where it is
            foreground for sure; 1 where it is background for sure.
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
    small = on_grid(trimap, grid)
    alpha = ClosedForm().alpha(plate, small)
    unknown = small == UNKNOWN
    mixed = (alpha > _MIXED) & (alpha < 1 - _MIXED)
    far = distance(mixed | edge(alpha))
    rim = unknown & (cv2.erode(unknown.astype(np.uint8), SQUARE, borderValue=1) == 0)
    margin = float(np.quantile(far[rim], _NARROW)) if rim.any() else 0.0
    margin = min(max(margin, 1.0), _WIDEST)
    wide = mixed & (distance(~mixed) > _WIDE)
    open_ = wide | (unknown & (far > _BEYOND * (margin + 1)))
    core, clear = (grid.reduce((trimap == known).astype(np.float32)) for known in (FOREGROUND, BACKGROUND))
    return Key(np.stack([alpha, open_.astype(np.float32), core, clear]), margin)


def on_grid(trimap: NDArray[np.uint8], grid: Grid) -> NDArray[np.uint8]:
    """A key (H, W) on the grid, (h, w): known where nearly all that a pixel covers is."""
    small = np.full(grid.shape, UNKNOWN, np.uint8)
    for value in (BACKGROUND, FOREGROUND):
        small[grid.reduce((trimap == value).astype(np.float32)) > _MEANT] = value
    return small
