"""Trimaps as artists and tools make them, from an exact alpha: even, uneven, generous, hand-drawn."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from dvm_core.training.noise import Array, Rng

LOWEST, HIGHEST = 0.004, 0.996
"""An alpha strictly between these is mixed and must be unknown."""

Trimap = NDArray[np.uint8]


def trimap_of(alpha: Array, radius: int) -> Trimap:
    """The evaluation's trimap: every mixed pixel, dilated by an ellipse.

    Args:
        alpha: (H, W) in [0, 1].
        radius: Of the ellipse, in pixels.

    Returns:
        (H, W) of 0, 128 and 255.
    """
    return _assemble(alpha, _dilate(_mixed(alpha), radius))


def random_trimap(alpha: Array, rng: Rng) -> Trimap:
    """A trimap of a random kind, always with every mixed pixel unknown; arguments and result as for `trimap_of`."""
    kind = rng.choice(["even", "uneven", "loose", "drawn", "open"], p=[0.57, 0.18, 0.03, 0.15, 0.07])
    mixed = _mixed(alpha)
    radius = int(np.clip(np.round(np.exp(rng.uniform(np.log(2), np.log(26)))), 2, 25))
    unknown = _dilate(mixed, radius)
    if kind == "uneven":
        # Another reach on either side: a key eroded hard inwards, say, and hardly outwards.
        inside = _dilate(mixed, int(rng.integers(1, 26))) & (alpha > 0.5)
        unknown = inside | (_dilate(mixed, int(rng.integers(1, 26))) & (alpha <= 0.5)) | mixed
    elif kind == "loose":
        unknown = _dilate(mixed, int(rng.integers(25, 60)))
    elif kind == "drawn":
        unknown |= _strokes(mixed, rng)
    elif kind == "open":
        # Foreground, background or both are not known anywhere: smoke that fills the frame, an object cropped by it.
        side = rng.random()
        unknown = unknown | (alpha > 0.5) if side < 0.45 else unknown | (alpha <= 0.5)
        if side > 0.9:
            unknown = np.ones_like(unknown)
    return _assemble(alpha, unknown)


def _mixed(alpha: Array) -> NDArray[np.bool_]:
    return np.asarray((alpha > LOWEST) & (alpha < HIGHEST))


def _assemble(alpha: Array, unknown: NDArray[np.bool_]) -> Trimap:
    known = np.where(alpha > 0.5, 255, 0)
    return np.where(unknown, 128, known).astype(np.uint8)


def _dilate(mask: NDArray[np.bool_], radius: int) -> NDArray[np.bool_]:
    """Dilate by a disc, through the distance transform: its time does not grow with the radius."""
    if not mask.any():
        return mask
    distance = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(distance <= radius, dtype=np.bool_)


def _strokes(mixed: NDArray[np.bool_], rng: Rng) -> NDArray[np.bool_]:
    """Thick brush strokes that follow the edge coarsely and overshoot."""
    painted = np.zeros(mixed.shape, np.uint8)
    rows, columns = np.nonzero(mixed)
    if len(rows) == 0:
        return mixed
    for _ in range(int(rng.integers(5, 30))):
        at = int(rng.integers(len(rows)))
        brush = int(rng.integers(4, 30))
        start = np.array([columns[at], rows[at]])
        end = start + rng.normal(0, 2 * brush, 2)
        cv2.line(painted, tuple(map(int, start)), tuple(map(int, end)), 255, brush, cv2.LINE_8)
    return np.asarray(painted > 0)
