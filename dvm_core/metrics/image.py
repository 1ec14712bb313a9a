"""Measures of one frame (Rhemann et al., CVPR 2009; SSDA: Erofeev et al., BMVC 2015).

All take alphas (H, W) in [0, 1] as float64 and the mask (H, W) of the pixels that count.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float64]
Mask = NDArray[np.bool_]

_SIGMA = 1.4
_THRESHOLDS = np.arange(0.1, 1.05, 0.1)
_TOLERATED_DROP = 0.15


def sad(pred: Image, truth: Image, unknown: Mask) -> float:
    """Sum of absolute differences, in thousands."""
    return float(np.abs(pred - truth)[unknown].sum() / 1000)


def mse(pred: Image, truth: Image, unknown: Mask) -> float:
    """Mean squared error; one is added to the pixel count, as published, so that a frame without unknown is 0."""
    return float(np.square(pred - truth)[unknown].sum() / (np.count_nonzero(unknown) + 1))


def ssda(pred: Image, truth: Image, unknown: Mask) -> float:
    """Root of the sum of squared differences."""
    return float(np.sqrt(np.square(pred - truth)[unknown].sum()))


def grad(pred: Image, truth: Image, unknown: Mask) -> float:
    """Sum of squared differences between gradient magnitudes (first derivatives of a Gaussian, sigma 1.4)."""
    difference = _gradient_magnitude(pred) - _gradient_magnitude(truth)
    return float(np.square(difference)[unknown].sum())


def conn(pred: Image, truth: Image, unknown: Mask) -> float:
    """Connectivity error (Rhemann et al., section 3.2): how far pixels lie from the largest region they could join."""
    last_connected = np.full(pred.shape, -1.0)
    for lower, threshold in zip(np.append(0, _THRESHOLDS), _THRESHOLDS, strict=False):
        inside = _largest_region((pred >= threshold) & (truth >= threshold))
        last_connected[(last_connected < 0) & ~inside] = lower
    last_connected[last_connected < 0] = 1
    difference = _connectivity(pred, last_connected) - _connectivity(truth, last_connected)
    return float(np.abs(difference)[unknown].sum())


def _gradient_magnitude(image: Image) -> Image:
    half = int(np.ceil(_SIGMA * np.sqrt(-2 * np.log(np.sqrt(2 * np.pi) * _SIGMA * 0.01))))
    x = np.arange(-half, half + 1, dtype=np.float64)
    smooth = np.exp(-(x**2) / (2 * _SIGMA**2))
    slope = -x * smooth
    # The 2-D kernel has unit L2 norm when both factors have, whatever their own scale was.
    smooth, slope = smooth / np.linalg.norm(smooth), slope / np.linalg.norm(slope)
    across = cv2.sepFilter2D(image, cv2.CV_64F, slope, smooth, borderType=cv2.BORDER_REPLICATE)
    down = cv2.sepFilter2D(image, cv2.CV_64F, smooth, slope, borderType=cv2.BORDER_REPLICATE)
    magnitude: Image = np.hypot(across, down)
    return magnitude


def _largest_region(mask: Mask) -> Mask:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    if count == 1:
        return mask
    largest: Mask = labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    return largest


def _connectivity(image: Image, last_connected: Image) -> Image:
    drop = image - last_connected
    return np.where(drop >= _TOLERATED_DROP, 1 - drop, 1.0)
