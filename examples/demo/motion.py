"""How things move in the demo clip: poses as functions of time, so that any lag and any shutter sample can be had."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Pose:
    """Where a rigid part stands and how it is turned; arrays of any one shape.

    Attributes:
        x: Pixels from the left.
        y: Pixels from the top.
        turn: Radians, clockwise as seen.
    """

    x: Array
    y: Array
    turn: Array

    def place(self, local: Array) -> Array:
        """Move local points (..., 2) into the picture."""
        cos, sin = np.cos(self.turn), np.sin(self.turn)
        x = self.x + cos * local[..., 0] - sin * local[..., 1]
        y = self.y + sin * local[..., 0] + cos * local[..., 1]
        return np.stack([x, y], axis=-1)

    def matrix(self) -> Array:
        """The same as a 2x3 matrix; for a pose of single numbers."""
        cos, sin = np.cos(self.turn), np.sin(self.turn)
        return np.array([[cos, -sin, self.x], [sin, cos, self.y]], dtype=np.float64)


def body(time: Array | float) -> Pose:
    """The body sways; `time` in frames."""
    time = np.asarray(time, dtype=np.float64)
    beat = 2 * np.pi * time / 26
    return Pose(470 + 46 * np.sin(beat), 520 + 7 * np.cos(2 * beat), 0.06 * np.sin(beat + 0.9))


def head(time: Array | float) -> Pose:
    """The head rides on the body, nods, and is shaken once around the clip's middle."""
    time = np.asarray(time, dtype=np.float64)
    beat = 2 * np.pi * time / 26
    shake = np.exp(-(((time - 13) / 4.5) ** 2)) * np.sin(2 * np.pi * time / 8)
    below = body(time)
    return Pose(
        below.x + 12 * np.sin(beat - 0.5) + 19 * shake,
        below.y - 252 + 6 * np.sin(2 * beat),
        0.12 * np.sin(beat) + 0.16 * shake,
    )


def camera(time: float) -> tuple[float, float, float]:
    """Pan in x, tilt in y (pixels) and zoom of a hand-held camera that follows."""
    x = 7.5 * time + 3.0 * np.sin(0.7 * time) + 1.3 * np.sin(1.9 * time + 1)
    y = 4.0 * np.sin(0.45 * time + 0.6) + 1.2 * np.sin(1.6 * time)
    return x, y, 1.0 + 0.0015 * time
