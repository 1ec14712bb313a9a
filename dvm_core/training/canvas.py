"""A premultiplied RGBA canvas drawn at three times its size: strands thinner than a pixel get their exact coverage."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from dvm_core.training.noise import Array

OVERSAMPLING = 3
_SHIFT = 4  # OpenCV draws at fixed-point positions: this many fractional bits


class Canvas:
    """Shapes laid over one another, each opaque where it covers a sample.

    Drawing happens on uint8 samples with OpenCV's anti-aliased lines, which blend exactly as *over* does: what is
    drawn premultiplied stays premultiplied.

    Args:
        size: Height and width in pixels of the finished picture.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._samples = np.zeros((size * OVERSAMPLING, size * OVERSAMPLING, 4), np.uint8)

    def line(self, points: Array, width: float, rgb: Array) -> None:
        """Draw an open polyline.

        Args:
            points: (N, 2) x and y in pixels of the finished picture.
            width: In pixels of the finished picture; at least a third of one.
            rgb: (3,) display colour in [0, 1].
        """
        thickness = max(1, round(width * OVERSAMPLING))
        cv2.polylines(self._samples, [_fixed(points)], False, _rgba(rgb), thickness, cv2.LINE_AA, _SHIFT)

    def polygon(self, outlines: Sequence[Array], rgb: Array) -> None:
        """Fill one or several closed outlines, even-odd; arguments as for `line`."""
        cv2.fillPoly(self._samples, [_fixed(outline) for outline in outlines], _rgba(rgb), cv2.LINE_AA, _SHIFT)

    def finish(self) -> tuple[Array, Array]:
        """Return the straight colour, (H, W, 3), undefined where alpha is 0, and the alpha, (H, W)."""
        small = cv2.resize(self._samples, (self.size, self.size), interpolation=cv2.INTER_AREA)
        premultiplied = small.astype(np.float32) / 255.0
        alpha = premultiplied[..., 3]
        straight = premultiplied[..., :3] / np.maximum(alpha, 1 / 255)[..., None]
        return np.clip(straight, 0.0, 1.0), np.ascontiguousarray(alpha)


def _fixed(points: Array) -> NDArray[np.int32]:
    scale = OVERSAMPLING * (1 << _SHIFT)
    return np.round(points * scale).astype(np.int32)


def _rgba(rgb: Array) -> tuple[float, float, float, float]:
    red, green, blue = (float(np.clip(value, 0.0, 1.0)) * 255.0 for value in rgb)
    return red, green, blue, 255.0
