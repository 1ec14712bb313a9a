"""From premultiplied light to straight display colour that is defined everywhere."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

SUBSTITUTE = np.float32(0.004)
"""The weight of the neighbourhood's colour, in units of alpha."""


def straight(premultiplied: Array, *, exposure: float = 1.0) -> NDArray[np.uint8]:
    """Straight display picture of a render, 8 bits a channel.

    Colour is divided out before anything is rounded. Where alpha is too small to say what the colour is, wider and
    wider means of the neighbourhood take over, so that the picture may be resampled.

    Args:
        premultiplied: (H, W, 4) float32, scene-linear colour times alpha, and alpha.
        exposure: Factor on the light.

    Returns:
        (H, W, 4) uint8, sRGB and alpha.
    """
    colour = _unmixed(np.maximum(premultiplied, 0.0)) * np.float32(exposure)
    alpha = np.clip(premultiplied[..., 3:], 0.0, 1.0)
    return np.round(np.concatenate([_srgb(colour), alpha], axis=2) * 255.0).astype(np.uint8)


def _unmixed(premultiplied: Array) -> Array:
    """(H, W, 3) straight light: the colour of what is missing comes from means over twice the width, and so on."""
    levels = [premultiplied]
    while min(levels[-1].shape[:2]) > 1:
        levels.append(_halved(levels[-1]))
    colour = np.zeros((*levels[-1].shape[:2], 3), np.float32)
    for level in reversed(levels):
        wider = _doubled(colour, level.shape[:2])
        colour = (level[..., :3] + SUBSTITUTE * wider) / (level[..., 3:] + SUBSTITUTE)
    return colour


def _halved(picture: Array) -> Array:
    height, width = picture.shape[:2]
    even = np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return (even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]) / np.float32(4.0)


def _doubled(picture: Array, size: tuple[int, int]) -> Array:
    wide = picture.repeat(2, axis=0).repeat(2, axis=1)
    wide = (wide + np.roll(wide, 1, axis=0) + np.roll(wide, 1, axis=1) + np.roll(wide, (1, 1), axis=(0, 1))) / 4.0
    return np.asarray(wide[: size[0], : size[1]], np.float32)


def _srgb(light: Array) -> Array:
    light = np.clip(light, 0.0, 1.0)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * np.maximum(light, 1e-8) ** (1 / 2.4) - 0.055)
