"""What is known in some places, carried to all others: near evidence outweighs far evidence by a hundred to one."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]
Mask = NDArray[np.bool_]

FAINTER = 1e-2
"""Weight of evidence from twice as far."""

_FINEST = 2.0
"""Pixels of blur below which nothing is computed reduced."""
_AT_ONCE = 4
"""Channels that OpenCV resizes in one call."""


def gather(values: Image, where: Mask, reach: float, octaves: int | None = None) -> tuple[Image, Image]:
    """Sum the values around every pixel, at ever wider scales.

    Args:
        values: (H, W, C).
        where: (H, W), where they are known.
        reach: Standard deviation of the first Gaussian, in pixels; each further one is twice as wide.
        octaves: Number of Gaussians; None for as many as cross the picture.

    Returns:
        Weighted sums (H, W, C) and the sum of the weights (H, W); their quotient is the local mean.
    """
    weight = where.astype(np.float32)
    known = np.dstack([values * weight[..., None], weight]).astype(np.float32)
    if octaves is None:
        octaves = 1 + max(0, int(np.ceil(np.log2(max(where.shape) / reach))))
    total = np.zeros_like(known)
    for octave in range(octaves):
        for first in range(0, known.shape[2], _AT_ONCE):
            part = slice(first, first + _AT_ONCE)
            total[..., part] += np.float32(FAINTER**octave) * blur(known[..., part], reach * 2**octave)
    return total[..., :-1], total[..., -1]


def blur(picture: Image, sigma: float) -> Image:
    """A Gaussian mean, computed reduced where it is wide; (H, W) or (H, W, C up to 4), sigma in pixels."""
    height, width = picture.shape[:2]
    factor = int(min(max(1.0, sigma / _FINEST), height, width))
    if factor == 1:
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.float32).reshape(picture.shape)
    size = (-(-width // factor), -(-height // factor))
    small = cv2.resize(np.ascontiguousarray(picture), size, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma / factor)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)).reshape(picture.shape)
