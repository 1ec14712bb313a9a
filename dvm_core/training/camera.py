"""From layers to a picture as a camera gives it: composite in linear light, then exposure, grain, compression."""

from __future__ import annotations

import cv2
import numpy as np

from dvm_core.training.noise import Array, Rng
from dvm_core.training.variety import Variety

_TABLE_SIZE = 4096
_NOTHING = 1e-4  # alpha that leaves no colour to speak of


def _display_to_linear(display: Array) -> Array:
    """The sRGB curve of IEC 61966-2-1, display [0, 1] to scene-linear."""
    low = display / 12.92
    high = ((np.maximum(display, 0.04045) + 0.055) / 1.055) ** 2.4
    return np.where(display <= 0.04045, low, high).astype(np.float32)


_BYTE_TO_LINEAR = _display_to_linear(np.arange(256, dtype=np.float32) / 255.0)


def to_linear(display: Array) -> Array:
    """Display-referred sRGB to linear light."""
    return _display_to_linear(display)


def bytes_to_linear(display: np.ndarray) -> Array:
    """8-bit sRGB to linear light, by table."""
    return np.asarray(_BYTE_TO_LINEAR[display])


def to_display(linear: Array) -> Array:
    """Linear light to display-referred sRGB in [0, 1]."""
    clipped = np.clip(linear, 0.0, 1.0)
    high = 1.055 * cv2.pow(np.maximum(clipped, 0.0031308), 1 / 2.4) - 0.055
    return np.where(clipped <= 0.0031308, 12.92 * clipped, high).astype(np.float32)


def composite(foreground: Array, alpha: Array, background: Array) -> Array:
    """Lay a foreground over a background.

    Args:
        foreground: (H, W, 3) straight colour, linear.
        alpha: (H, W) in [0, 1].
        background: (H, W, 3), linear.
    """
    return background + alpha[..., None] * (foreground - background)


def over(front: tuple[Array, Array], back: tuple[Array, Array]) -> tuple[Array, Array]:
    """One foreground before another, as one.

    Args:
        front: Straight colour (H, W, 3) and alpha (H, W).
        back: The same of what stands behind it.

    Returns:
        Straight colour and alpha of both, float32; where neither covers anything the colour is the front's.
    """
    (colour, alpha), (behind, below) = front, back
    rest = below * (1.0 - alpha)
    both = alpha + rest
    mixed = colour * alpha[..., None] + behind * rest[..., None]
    straight = np.where(both[..., None] > _NOTHING, mixed / np.maximum(both, _NOTHING)[..., None], colour)
    return straight.astype(np.float32), both.astype(np.float32)


class Camera:
    """One take's exposure, colour cast, grain and compression, drawn once and the same for all of its frames.

    Args:
        rng: Source of randomness; used again for the grain of each frame.
        variety: How far to stray from a well exposed, clean picture.
    """

    def __init__(self, rng: Rng, variety: Variety) -> None:
        self._rng = rng
        cast = rng.normal(0, variety.cast, 3) if rng.random() < 0.5 else np.zeros(3)
        spread, least, most = variety.light
        self._gain = np.exp2(np.clip(rng.normal(0, spread), least, most) + cast).astype(np.float32)
        self._lift = float(rng.uniform(0, 0.04)) if rng.random() < 0.15 else 0.0
        self._grain = float(rng.choice([0.0, rng.uniform(0.002, 0.012), rng.uniform(0.01, 0.03)], p=variety.grain))
        self._grain_size = float(rng.choice([0.0, rng.uniform(0.4, 1.0)], p=[0.5, 0.5]))
        self._quality = int(rng.integers(variety.quality, 96)) if rng.random() < 0.25 else 100

    def expose(self, linear: Array) -> Array:
        """Linear light, (H, W, 3), at the take's exposure and cast; the compositing equation holds after it, too."""
        return np.asarray(linear * self._gain + self._lift, dtype=np.float32)

    def shoot(self, linear: Array) -> Array:
        """Turn linear light, (H, W, 3), into a display-referred frame in [0, 1]."""
        display = to_display(self.expose(linear))
        if self._grain > 0:
            display = display + self._noise(display)
        if self._quality < 100:
            display = self._compress(display)
        return np.clip(display, 0.0, 1.0).astype(np.float32)

    def _noise(self, display: Array) -> Array:
        """Grain, strongest in the mid-tones, partly common to the channels."""
        height, width = display.shape[:2]
        noise = self._rng.standard_normal((height, width, 3), dtype=np.float32)
        noise += self._rng.standard_normal((height, width, 1), dtype=np.float32)
        if self._grain_size > 0:
            noise = cv2.GaussianBlur(noise, (0, 0), self._grain_size) * (1.0 + 2.0 * self._grain_size)
        return np.asarray(noise * (self._grain * (0.5 + np.sqrt(display))), dtype=np.float32)

    def _compress(self, display: Array) -> Array:
        pixels = np.round(np.clip(display, 0, 1) * 255).astype(np.uint8)
        _, packed = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, self._quality])
        return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), dtype=np.float32) / 255.0
