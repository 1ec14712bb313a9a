"""Trimaps as artists and tools make them, from an exact alpha: even, uneven, generous, hand-drawn, ragged."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from dvm_core.training.noise import Array, Rng
from dvm_core.training.variety import Variety

LOWEST, HIGHEST = 0.004, 0.996
"""An alpha strictly between these is mixed and should be unknown."""

FAINTEST = 0.06
"""What is this close to clear or opaque may be missed by a ragged trimap."""

KINDS = ("even", "uneven", "loose", "drawn", "open", "ragged")
"""In the order of `Variety.trimaps`."""

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


def random_trimap(alpha: Array, rng: Rng, variety: Variety) -> Trimap:
    """A trimap of a random kind; every mixed pixel is unknown, but for what is faint in `ragged` ones.

    Args:
        alpha: (H, W) in [0, 1].
        rng: Source of randomness.
        variety: How often each kind is drawn, and how far plain ones reach; its `radius` rules both out.

    Returns:
        (H, W) of 0, 128 and 255.
    """
    if variety.radius is not None:
        return trimap_of(alpha, variety.radius)
    kind = rng.choice(KINDS, p=variety.trimaps)
    if kind == "ragged":
        return _ragged(alpha, rng)
    mixed = _mixed(alpha)
    least, most = variety.reach
    radius = min(round(math.exp(rng.uniform(math.log(least), math.log(most + 1)))), most)
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


def _ragged(alpha: Array, rng: Rng) -> Trimap:
    """As tools that follow a shot draw them: the reach varies along the edge, and what is faint may be missed."""
    faint = rng.uniform(LOWEST, FAINTEST)
    mixed = np.asarray((alpha > faint) & (alpha < 1.0 - faint))
    if not mixed.any():
        return _assemble(alpha, mixed)
    reach = np.exp(rng.uniform(np.log(2), np.log(20)))
    outside, inside = (reach * np.exp(rng.uniform(0.2, 0.9) * _waves(alpha.shape, rng)) for _ in range(2))
    return _assemble(alpha, _distance(mixed) <= np.where(alpha > 0.5, inside, outside))


def _waves(shape: tuple[int, ...], rng: Rng) -> Array:
    """A smooth random field of standard deviation about 0.7, whose waves are some 15 to 120 pixels long."""
    length = rng.uniform(15, 120)
    coarse = rng.standard_normal([math.ceil(side / length) + 3 for side in shape]).astype(np.float32)
    return np.asarray(cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC), dtype=np.float32)


def _mixed(alpha: Array) -> NDArray[np.bool_]:
    return np.asarray((alpha > LOWEST) & (alpha < HIGHEST))


def _assemble(alpha: Array, unknown: NDArray[np.bool_]) -> Trimap:
    known = np.where(alpha > 0.5, 255, 0)
    return np.where(unknown, 128, known).astype(np.uint8)


def _dilate(mask: NDArray[np.bool_], radius: int) -> NDArray[np.bool_]:
    """Dilate by a disc, through the distance transform: its time does not grow with the radius."""
    if not mask.any():
        return mask
    return np.asarray(_distance(mask) <= radius, dtype=np.bool_)


def _distance(mask: NDArray[np.bool_]) -> Array:
    """Distance in pixels to the mask, which has to be somewhere."""
    return np.asarray(cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5), dtype=np.float32)


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
