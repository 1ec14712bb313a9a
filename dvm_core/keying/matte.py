"""Alpha before a card of known light: a projection on what tells the card from the foreground nearby.

A plain key measures how green a pixel is, as if every foreground were grey. Here the colours of the foreground's solid
parts are gathered around each pixel, as a mean and a covariance, and alpha is read off along Fisher's discriminant
between them and the card: the direction in which foreground colours differ least from each other and most from the
card. For grey hair that is the colour difference, for a red coat it is another.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from dvm_core.keying.evidence import Image, Mask, blur, gather
from dvm_core.keying.screen import excess

_PAIRS = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))
_REACH = 0.02  # of the width: how near solid foreground speaks for a pixel
_NOISE = 3e-4  # variance of grain, relative to the card's brightness
_SOLID = 0.97
_OPAQUE, _DEEP = 0.8, 0.025  # what is so opaque, so deep inside (parts of the width), is taken for solid
_SHALLOW, _SLOPE_SCALE = 0.012, 0.006  # parts of the width
_FLAT = 0.08  # change of alpha over that scale; a defocused edge changes more
_SOFT = 0.06  # smoothed alpha this far from 0 and 1 is mixed for sure
_BAND = 5  # pixels; mixed pixels are looked for this near to sure ones
_PASSES = 2
_PRIOR = 1e-4 * np.float32([0.35] * 3 + [0.2189] * 3 + [0.2125] * 3 + [1.0])
"""What is expected where no solid foreground is seen: greys of 0.35 of the card's brightness, deviating by 0.3 in
brightness and by 0.08 in each channel; as sums of means, of products (`_PAIRS`) and of weight."""


class Hints(NamedTuple):
    """What the user knows of a frame.

    Attributes:
        core: (H, W), surely foreground.
        garbage: (H, W), surely to go.
    """

    core: Mask
    garbage: Mask

    @classmethod
    def none(cls, height: int, width: int) -> Hints:
        """Nothing is known."""
        return cls(np.zeros((height, width), np.bool_), np.zeros((height, width), np.bool_))


def soft_key(plate: Image, card: Image, primary: int, hints: Hints) -> Image:
    """Key one frame.

    Args:
        plate: (H, W, 3) scene-linear, finite.
        card: (H, W, 3), the card's light at every pixel.
        primary: Channel that the card shines in.
        hints: Core and garbage mattes.

    Returns:
        Alpha (H, W) in [0, 1]: 0 and 1 where all around is surely card or surely solid, so that grain leaves no haze
        and no holes.
    """
    # The compositing equation holds under any scale, so uneven light may be divided out.
    level = card[..., primary, None]
    seen, behind = plate / level, card / level
    plain = np.asarray(1.0 - excess(seen, primary) / np.maximum(excess(behind, primary), 1e-3), np.float32)
    inside = (_interior(plain) | hints.core) & ~hints.garbage
    solid = (inside | _shallow(plain)) & ~hints.garbage
    alpha = plain
    for _ in range(_PASSES):
        alpha = _project(seen, behind, solid)
        solid = (inside | _solid(alpha, 3)) & ~hints.garbage
    alpha = _settle(alpha)
    # Deep inside, a colour that the discriminant has not met elsewhere makes no hole.
    alpha[inside] = 1.0
    alpha[hints.core] = 1.0
    alpha[hints.garbage] = 0.0
    return alpha


def _project(seen: Image, behind: Image, solid: Mask) -> Image:
    """Alpha along the discriminant, not yet clipped; the card's primary is 1 throughout."""
    products = np.stack([seen[..., i] * seen[..., j] for i, j in _PAIRS], axis=-1)
    sums, weight = gather(np.dstack([seen, products]), solid, _REACH * solid.shape[1])
    moments = (sums + _PRIOR[:-1]) / (weight + _PRIOR[-1])[..., None]
    mean = moments[..., :3]
    covariance = np.empty((*solid.shape, 3, 3), np.float32)
    for at, (i, j) in enumerate(_PAIRS):
        covariance[..., i, j] = covariance[..., j, i] = moments[..., 3 + at] - mean[..., i] * mean[..., j]
    contrast = mean - behind
    # Whatever rounding did to a covariance, its diagonal stays above the grain.
    covariance += np.float32(_NOISE) * np.eye(3, dtype=np.float32)
    direction = np.linalg.solve(covariance, contrast[..., None])[..., 0]
    length = np.maximum((direction * contrast).sum(axis=-1), 1e-6)
    return np.asarray((direction * (seen - behind)).sum(axis=-1) / length, np.float32)


def _interior(alpha: Image) -> Mask:
    """Deep inside of what is opaque, though its own colour be a little like the card's."""
    opaque = (blur(alpha, 2.0) > _OPAQUE).astype(np.uint8)
    depth = cv2.distanceTransform(opaque, cv2.DIST_L2, 5)
    return np.asarray((depth > _DEEP * alpha.shape[1]) & _level(alpha))


def _shallow(alpha: Image) -> Mask:
    return _solid(alpha, max(3, int(_SHALLOW * alpha.shape[1]) | 1)) & _level(alpha)


def _solid(alpha: Image, side: int) -> Mask:
    solid = (blur(alpha, 1.0) > _SOLID).astype(np.uint8)
    return np.asarray(cv2.erode(solid, np.ones((side, side), np.uint8)) > 0)


def _level(alpha: Image) -> Mask:
    """Where alpha does not change over a distance, as it does along edges out of focus or in motion."""
    scale = max(1.0, _SLOPE_SCALE * alpha.shape[1])
    smooth = blur(alpha.clip(0.0, 2.0), scale)
    slope = np.hypot(cv2.Sobel(smooth, -1, 1, 0, scale=0.125), cv2.Sobel(smooth, -1, 0, 1, scale=0.125))
    return np.asarray(scale * slope < _FLAT)


def _settle(alpha: Image) -> Image:
    smooth = blur(alpha, 1.5)
    mixed = ((smooth > _SOFT) & (smooth < 1.0 - _SOFT)).astype(np.uint8)
    near = cv2.dilate(mixed, np.ones((_BAND, _BAND), np.uint8)) > 0
    return np.where(near, alpha.clip(0.0, 1.0), smooth > 0.5).astype(np.float32)
