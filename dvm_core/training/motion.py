"""Motions for training windows: smooth paths of a turn, a zoom, a shift and an elastic bend, with motion blur."""

from __future__ import annotations

import math

import cv2
import numpy as np

from dvm_core.training.noise import Array, Rng, spectral_noise

FAST = 8.0
"""Pixels from frame to frame from which a motion is fast."""

_TURN, _FAST_TURN = 30.0, 100.0  # degrees, typically, while a layer shifts by its own width: what is fast often turns
_SPIN = (10.0, 70.0)  # degrees from frame to frame of what spins


class Motion:
    """How one layer moves through a take; time 0 is the middle frame, where nothing is displaced.

    Args:
        rng: Source of randomness.
        size: Height and width of the layer in pixels.
        speed: Typical shift from frame to frame, in pixels.
        elastic: Whether the layer also bends, as cloth, hair and smoke do.
        spins: Whether it turns as blades, wheels and swung arms do, in place of the turn that goes with its speed.

    Attributes:
        sweep: Shift from frame to frame of its furthest parts, in pixels.
    """

    def __init__(self, rng: Rng, size: int, speed: float, *, elastic: bool, spins: bool = False) -> None:
        self._size = size
        self._shift = rng.normal(0, speed, 2)
        self._bend_back = rng.normal(0, 0.2 * speed, 2)
        self._turn = rng.normal(0, (_TURN if speed < FAST else _FAST_TURN) * speed / size)
        self._zoom = rng.normal(0, speed / size)
        self.sweep = speed
        if spins:
            self._turn = float(rng.choice((-1, 1)) * np.exp(rng.uniform(*np.log(_SPIN))))
            self.sweep += math.radians(abs(self._turn)) * size / 2
        self._bend: Array | None = None
        if elastic:
            self._bend = spectral_noise(rng, size, 2.2, 2) * np.float32(speed * rng.uniform(0.2, 0.8))

    def at(self, layer: Array, time: float) -> Array:
        """The layer, (H, W, C), as it stands at a time in frames; unchanged where time is 0."""
        if time == 0.0:
            return layer
        centre = (self._size / 2, self._size / 2)
        matrix = cv2.getRotationMatrix2D(centre, self._turn * time, float(np.exp(self._zoom * time)))
        matrix[:, 2] += self._shift * time + self._bend_back * time * time
        inverse = cv2.invertAffineTransform(matrix).astype(np.float32)
        x, y = np.meshgrid(np.arange(self._size, dtype=np.float32), np.arange(self._size, dtype=np.float32))
        map_x = inverse[0, 0] * x + inverse[0, 1] * y + inverse[0, 2]
        map_y = inverse[1, 0] * x + inverse[1, 1] * y + inverse[1, 2]
        if self._bend is not None:
            map_x += self._bend[..., 0] * np.float32(time)
            map_y += self._bend[..., 1] * np.float32(time)
        moved = cv2.remap(layer, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        return np.asarray(moved, dtype=np.float32).reshape(layer.shape)  # OpenCV drops a single channel

    def exposed(self, layer: Array, time: float, shutter: float, taps: int) -> Array:
        """The mean of the layer over an open shutter.

        Args:
            layer: (H, W, C), linear and premultiplied where it has an alpha.
            time: Middle of the exposure, in frames.
            shutter: Its length in frames; 0 is a still.
            taps: Moments that the mean is taken over.
        """
        if shutter <= 0.0 or taps < 2:
            return self.at(layer, time)
        moments = time + shutter * (np.arange(taps) / (taps - 1) - 0.5)
        total = self.at(layer, float(moments[0])).copy()
        for moment in moments[1:]:
            total += self.at(layer, float(moment))
        return np.asarray(total / taps, dtype=np.float32)
