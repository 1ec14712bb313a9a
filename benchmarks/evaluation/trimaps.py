"""The evaluation's trimaps, made from the exact alpha by one rule."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

LOWEST, HIGHEST = 0.004, 0.996
"""An alpha strictly between these is mixed."""

RADII = {"narrow": 3, "medium": 6, "wide": 12}
"""Pixels that the mixed pixels are dilated by in a picture 640 pixels wide."""

REFERENCE_WIDTH = 640


def evaluation_trimap(alpha: NDArray[np.float32], width: str) -> NDArray[np.uint8]:
    """Unknown is every mixed pixel, dilated by an ellipse; the rest is what the alpha is nearer to.

    Args:
        alpha: (H, W) in [0, 1].
        width: One of `RADII`; the radius grows with the picture's width.

    Returns:
        (H, W) of 0, 128 and 255.
    """
    radius = round(RADII[width] * alpha.shape[1] / REFERENCE_WIDTH)
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    mixed = ((alpha > LOWEST) & (alpha < HIGHEST)).astype(np.uint8)
    known = np.where(alpha > 0.5, 255, 0)
    return np.where(cv2.dilate(mixed, ellipse) > 0, 128, known).astype(np.uint8)
