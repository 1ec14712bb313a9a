"""Smooth random fields, random curves and the other raw material that every procedural picture is made of."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Rng = np.random.Generator


def spectral_noise(rng: Rng, size: int, exponent: float, channels: int = 1) -> Array:
    """Noise whose amplitude falls as 1 / frequency ** exponent, the statistics of natural pictures at exponent 1.

    Args:
        rng: Source of randomness.
        size: Height and width in pixels.
        exponent: 0 is white, 1 natural, 2 very smooth.
        channels: Independent fields to make.

    Returns:
        (size, size, channels) float32, each channel of mean 0 and standard deviation 1.
    """
    rows = np.fft.fftfreq(size)[:, None]
    columns = np.fft.rfftfreq(size)[None, :]
    frequency = np.maximum(np.hypot(rows, columns), 1.0 / size)
    white = rng.standard_normal((channels, size, size), dtype=np.float32)
    shaped = np.fft.irfft2(np.fft.rfft2(white) * frequency**-exponent, s=(size, size))
    shaped -= shaped.mean(axis=(1, 2), keepdims=True)
    shaped /= shaped.std(axis=(1, 2), keepdims=True) + 1e-8
    return np.ascontiguousarray(shaped.transpose(1, 2, 0), dtype=np.float32)


def uniform_noise(rng: Rng, size: int, exponent: float) -> Array:
    """One field of spectral noise, its values ranked so that they are spread evenly over [0, 1].

    Returns:
        (size, size) float32.
    """
    field = spectral_noise(rng, size, exponent)[..., 0]
    # The cumulative normal distribution, by the logistic approximation: no sorting of a quarter million pixels.
    return np.asarray(1.0 / (1.0 + np.exp(-1.702 * field)), dtype=np.float32)


def colour(rng: Rng) -> Array:
    """A colour as pictures have them: mostly muted, of any brightness, sometimes saturated.

    Returns:
        (3,) float32 display RGB in [0, 1].
    """
    value = rng.beta(1.3, 1.3)
    saturation = rng.beta(1.2, 2.5)
    hsv = np.array([[[rng.uniform(0, 360), saturation, value]]], dtype=np.float32)
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0, 0], dtype=np.float32)


def smoothstep(low: float, high: float, values: Array) -> Array:
    """0 below `low`, 1 above `high`, a cubic ease between."""
    t = np.clip((values - low) / max(high - low, 1e-6), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t), dtype=np.float32)


def blur(picture: Array, sigma: float) -> Array:
    """Gaussian blur of a (H, W) or (H, W, C) picture; sigma in pixels, below 0.2 nothing."""
    if sigma < 0.2:
        return picture
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), float(sigma), borderType=cv2.BORDER_REFLECT), dtype=np.float32)


def disc_blur(picture: Array, radius: float) -> Array:
    """Defocus: the mean over a disc with soft rim, as a lens out of focus gives; radius in pixels."""
    if radius < 0.5:
        return picture
    reach = int(np.ceil(radius)) + 1
    offsets = np.arange(-reach, reach + 1)
    kernel = np.clip(radius + 0.5 - np.hypot(offsets[:, None], offsets[None, :]), 0.0, 1.0)
    kernel = (kernel / kernel.sum()).astype(np.float32)
    return np.asarray(cv2.filter2D(picture, -1, kernel, borderType=cv2.BORDER_REFLECT), dtype=np.float32)


def warp(picture: Array, displacement: Array) -> Array:
    """Sample a picture where each pixel is displaced.

    Args:
        picture: (H, W) or (H, W, C).
        displacement: (H, W, 2), x and y in pixels.
    """
    height, width = picture.shape[:2]
    x = np.arange(width, dtype=np.float32)[None, :] + displacement[..., 0]
    y = np.arange(height, dtype=np.float32)[:, None] + displacement[..., 1]
    moved = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(moved, dtype=np.float32)


def blob_outline(rng: Rng, centre: tuple[float, float], radius: float, roughness: float) -> Array:
    """A closed random outline around a centre.

    Args:
        rng: Source of randomness.
        centre: x, y in pixels.
        radius: Mean distance of the outline from the centre, in pixels.
        roughness: Relative size of its bumps; 0 is an ellipse.

    Returns:
        (96, 2) float32 points, x and y.
    """
    angle = np.linspace(0, 2 * np.pi, 96, endpoint=False)
    distance = np.ones_like(angle)
    for harmonic in range(1, 9):
        distance += roughness / harmonic * rng.normal() * np.cos(harmonic * angle + rng.uniform(0, 2 * np.pi))
    distance = np.maximum(distance, 0.2) * radius
    stretch = rng.uniform(0.6, 1.0)
    tilt = rng.uniform(0, np.pi)
    x, y = distance * np.cos(angle), stretch * distance * np.sin(angle)
    points = np.stack(
        [centre[0] + x * np.cos(tilt) - y * np.sin(tilt), centre[1] + x * np.sin(tilt) + y * np.cos(tilt)], axis=1
    )
    return points.astype(np.float32)
