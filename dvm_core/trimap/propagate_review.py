"""What a frame's looks say against what was carried to it, before it is carried on.

A mistake that is carried on finds itself again in the next frame, and matches perfectly. Looks know nothing of the
frame before: they compare with the keys alone. So what was carried as solid and looks like the keys' background is
given up; and what touches the object, looks like it and was not recognised with certainty is taken in, such as limbs
that come out from behind a body.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from dvm_core.trimap.propagate_grid import Map
from dvm_core.trimap.propagate_key import OBJECT
from dvm_core.trimap.propagate_recall import Look

_SOLID = 0.8  # alpha from which on a pixel claims to show the object alone; mixed ones look like both sides
_STRANGE = -2.0  # odds (logarithm) below which it does not look so
_ALIKE = 2.5  # odds above which a pixel looks like the object
_SURE = 0.9  # certainty from which on a pixel is what it was recognised as
_COMMON, _SEEN = 0.5, 0.25  # familiarity of a colour from which on it is one of the background's, of the foreground's
_TAKEN = 0.6  # alpha of what is taken in: more likely the object's than not, and no more is known
_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


def review(labels: Map, certainty: Map, look: Look) -> Map:
    """Labels without what drifted onto the background, and with what came out beside the object.

    Args:
        labels: (LABELS, h, w), as in `propagate_key.Key`.
        certainty: (h, w) in [0, 1]: how well each pixel was matched.
        look: What pixels say by their looks.
    """
    labels = labels.copy()
    labels[OBJECT, _drifted(labels[0], look)] = 0.0
    # Nobody drew the edge of what came out, so it is unknown for its own sake, too.
    labels[:, _came_out(labels[0], certainty, look)] = np.array([[_TAKEN], [1.0], [0.0], [0.0]], np.float32)
    return labels


def _drifted(alpha: Map, look: Look) -> NDArray[np.bool_]:
    """Solid pixels that look like background, as far as they hang together with it: eyes and buttons stay.

    So does what is of no colour that the background has: the inside of an ear that the keys did not show.
    """
    solid = alpha > _SOLID
    strange = solid & (look.odds < _STRANGE) & (look.background > _COMMON)
    count, parts = cv2.connectedComponents((~solid | strange).astype(np.uint8), connectivity=4)
    outside = np.zeros(count, bool)
    outside[parts[alpha <= 0.5]] = True
    return np.asarray(strange & outside[parts])


def _came_out(alpha: Map, certainty: Map, look: Look) -> NDArray[np.bool_]:
    """Pixels next to the object that look like it: one at a step, so that what stands behind it is not run over."""
    inside = (alpha > 0.5).astype(np.uint8)
    beside = (cv2.dilate(inside, _CROSS) > 0) & (inside == 0)
    return np.asarray(beside & (look.odds > _ALIKE) & (look.foreground > _SEEN) & (certainty < _SURE))
