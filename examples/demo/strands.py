"""Hair and fur as curved strands, painted with sub-pixel widths."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from motion import Array, Pose
from numpy.typing import NDArray

Canvas = NDArray[np.uint8]
Rng = np.random.Generator

_FRACTION = 4  # bits after the point of OpenCV's line coordinates


@dataclass(frozen=True)
class Strands:
    """Curved strands in the space of the part that they grow on.

    Attributes:
        points: (N, K, 2) pixels, root first.
        colours: (N, 3) scene-linear.
        lag: (N,) frames that the tips trail behind the roots.
        phase: (N,) of each strand's own flutter, radians.
    """

    points: Array
    colours: Array
    lag: Array
    phase: Array

    def at(self, time: float, pose: Callable[[Array], Pose]) -> Array:
        """Points in the picture; each follows the pose of a moment ago, longer ago the farther it is from its root."""
        along = np.linspace(0, 1, self.points.shape[1])
        placed = pose(time - self.lag[:, None] * along**1.4).place(self.points)
        flutter = (1.0 + self.lag[:, None]) * along**2 * np.sin(0.5 * time + self.phase[:, None] - 2.0 * along)
        placed[..., 0] += flutter
        placed[..., 1] += 0.4 * flutter
        return placed

    def __getitem__(self, chosen: NDArray[np.bool_] | NDArray[np.intp] | slice) -> Strands:
        return Strands(self.points[chosen], self.colours[chosen], self.lag[chosen], self.phase[chosen])


def grow(roots: Array, direction: Array, length: Array, bend: Array, knots: int) -> Array:
    """Curves of constant bend.

    Args:
        roots: (N, 2) pixels.
        direction: (N,) radians at the root.
        length: (N,) pixels.
        bend: (N,) radians from root to tip.
        knots: Points along each.

    Returns:
        (N, knots, 2) pixels.
    """
    along = np.linspace(0, 1, knots)[1:]
    heading = direction[:, None] + bend[:, None] * along
    step = length[:, None, None] / (knots - 1) * np.stack([np.cos(heading), np.sin(heading)], axis=-1)
    return np.concatenate([roots[:, None], roots[:, None] + np.cumsum(step, axis=1)], axis=1)


def paint(
    canvas: Canvas, points: Array, colours: Array, *, scale: float, width: int = 1, tone: tuple[float, ...]
) -> None:
    """Lay strands over what is on a canvas, first to last.

    Anti-aliased lines over black leave premultiplied colour, and their coverage in the fourth channel.

    Args:
        canvas: (H, W, 4) premultiplied linear RGB and alpha, changed in place.
        points: (N, K, 2) in pixels of the picture.
        colours: (N, 3).
        scale: Canvas pixels for each pixel of the picture.
        width: In canvas pixels.
        tone: Brightness of equal parts of a strand, root first.
    """
    # OpenCV's pixel centres are whole numbers, ours lie between them.
    fixed = np.rint((points * scale - 0.5) * (1 << _FRACTION)).astype(np.int32)
    ends = np.linspace(0, points.shape[1] - 1, len(tone) + 1).round().astype(int)
    tones = np.minimum(np.rint(255 * np.asarray(tone)[:, None, None] * colours), 255)
    opaque = np.concatenate([tones, np.full((*tones.shape[:2], 1), 255.0)], axis=-1).tolist()
    for strand in range(len(fixed)):
        for part in range(len(tone)):
            line = fixed[strand, ends[part] : ends[part + 1] + 1]
            cv2.polylines(canvas, [line], False, opaque[part][strand], width, cv2.LINE_AA, _FRACTION)
