"""The demo's set: an autumn wood out of focus, whose leaves have the hero's colours, larger than the picture."""

from __future__ import annotations

import cv2
import motion
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]
Rng = np.random.Generator

_MARGIN = 130  # pixels around the picture that the camera may show


class Wood:
    """Two layers at different depths, seen by the moving camera.

    Args:
        rng: Source of every leaf.
        size: Height and width of the picture.
    """

    def __init__(self, rng: Rng, size: tuple[int, int]) -> None:
        self._size = size
        room = (size[0] + 2 * _MARGIN, size[1] + 2 * _MARGIN)
        self._far = _haze(rng, room)
        self._near = _trees(rng, room)

    def draw(self, time: float) -> Image:
        """Scene-linear (H, W, 3) at a moment."""
        x, y, zoom = motion.camera(time)
        far = self._view(self._far, 0.45 * x, 0.45 * y, 1 + 0.5 * (zoom - 1))
        near = self._view(self._near, x, y, zoom)
        picture: Image = near[..., :3] + (1 - near[..., 3:]) * far
        return picture

    def _view(self, layer: Image, x: float, y: float, zoom: float) -> Image:
        height, width = self._size
        centre = np.array([width / 2 + _MARGIN, height / 2 + _MARGIN])
        offset = np.array([width / 2, height / 2]) - zoom * (centre + np.array([x - 85, y]))
        matrix = np.array([[zoom, 0, offset[0]], [0, zoom, offset[1]]])
        view: Image = cv2.warpAffine(layer, matrix, (width, height), flags=cv2.INTER_LINEAR)
        return view


def _haze(rng: Rng, size: tuple[int, int]) -> Image:
    """Far trees and sky light: large smooth shapes and discs of defocused highlights, some far above 1."""
    height, width = size
    y, x = np.mgrid[:height, :width].astype(np.float32) / height
    glow = np.exp(-(((x - 1.25) / 0.55) ** 2) - ((y - 0.12) / 0.5) ** 2)[..., None]
    picture = np.array([0.030, 0.050, 0.036]) * (1.35 - y[..., None]) + glow * np.array([0.62, 0.47, 0.22])
    picture = (picture * np.exp(0.55 * _clouds(rng, size, 90)[..., None])).astype(np.float32)
    colours = np.array(
        [[0.85, 0.33, 0.05], [0.95, 0.60, 0.16], [0.16, 0.30, 0.10], [0.30, 0.42, 0.36], [1.0, 0.85, 0.6]]
    )
    for _ in range(330):
        at = rng.uniform([0, 0], [width, 0.8 * height])
        lit = 0.25 + 1.3 * float(glow[int(at[1]), int(at[0]), 0])
        level = lit * rng.lognormal(-1.3, 0.75)
        _disc(picture, at, rng.uniform(7, 24), level * colours[rng.integers(len(colours))])
    for _ in range(9):  # glints of sky between the leaves
        at = rng.normal([1.25 * height, 0.16 * height], [0.28 * height, 0.10 * height])
        _disc(picture, at, rng.uniform(8, 17), rng.uniform(2, 6) * np.array([1.0, 0.86, 0.62]))
    return cv2.GaussianBlur(picture, (0, 0), 1.8)


def _trees(rng: Rng, size: tuple[int, int]) -> Image:
    """Nearer trunks, twigs and leaves as premultiplied RGBA, a little out of focus."""
    height, width = size
    layer = np.zeros((height, width, 4), np.float32)
    bark = (1 + 0.45 * _streaks(rng, size))[..., None]
    y = np.arange(height, dtype=np.float32)
    for at in (0.06, 0.27, 0.60, 0.86, 0.97):
        half = rng.uniform(12, 36)
        middle = width * at + 14 * np.sin(y / height * rng.uniform(2, 5) + rng.uniform(0, 6)) + rng.normal(0, 0.05) * y
        across = (np.arange(width)[None] - middle[:, None]) / half
        cover = np.clip((1 - np.abs(across)) * half, 0, 1)[..., None]
        tint = np.array([0.080, 0.052, 0.032]) * (1.0 + 0.9 * np.clip(across, -1, 1)[..., None])
        layer = np.concatenate([tint * bark, np.ones_like(cover)], -1) * cover + (1 - cover) * layer
    layer = np.ascontiguousarray(layer, dtype=np.float32)
    for cluster in rng.uniform([0, 0], [width, height], (46, 2)):
        low = cluster[1] / height
        base = np.array([[0.52, 0.15, 0.02], [0.60, 0.31, 0.04], [0.10, 0.15, 0.03], [0.34, 0.08, 0.02]])[
            rng.integers(4)
        ]
        for _ in range(int(rng.integers(10, 38))):
            at = cluster + rng.normal(0, [44, 26])
            colour = base * rng.lognormal(0, 0.4) * (1.25 - 0.7 * low)
            _leaf(layer, at, rng.uniform(3.5, 9.5), rng.uniform(0, 180), colour)
    return cv2.GaussianBlur(layer, (0, 0), 1.1)


def _disc(picture: Image, at: NDArray[np.float64], radius: float, colour: NDArray[np.float64]) -> None:
    """Add a lens's image of a point: an even disc, brighter at its rim."""
    reach = radius + 2
    low = np.clip(at - reach, 0, picture.shape[1::-1]).astype(int)
    high = np.clip(at + reach, 0, picture.shape[1::-1]).astype(int)
    y, x = np.mgrid[low[1] : high[1], low[0] : high[0]]
    distance = np.hypot(x - at[0], y - at[1])
    disc = np.clip(radius - distance + 0.5, 0, 1) * (0.75 + 0.5 * np.clip(distance / radius, 0, 1) ** 6)
    picture[low[1] : high[1], low[0] : high[0]] += (disc[..., None] * colour).astype(np.float32)


def _leaf(layer: Image, at: NDArray[np.float64], length: float, turn: float, colour: NDArray[np.float64]) -> None:
    centre = tuple(np.rint(at * 16).astype(int).tolist())
    axes = (int(length * 16), int(length * 16 * 0.5))
    cv2.ellipse(layer, centre, axes, turn, 0, 360, (*colour.tolist(), 1.0), -1, cv2.LINE_8, 4)


def _clouds(rng: Rng, size: tuple[int, int], scale: float) -> Image:
    """Smooth noise of several octaves, mean 0, deviation 1."""
    total = np.zeros(size, np.float32)
    for octave in range(4):
        small = rng.standard_normal((int(size[0] / scale * 2**octave) + 2, int(size[1] / scale * 2**octave) + 2))
        total += cv2.resize(small.astype(np.float32), size[::-1], interpolation=cv2.INTER_CUBIC) * 0.6**octave
    return (total - total.mean()) / total.std()


def _streaks(rng: Rng, size: tuple[int, int]) -> Image:
    """Bark: noise drawn out downwards."""
    small = rng.standard_normal((size[0] // 14, size[1] // 3)).astype(np.float32)
    return np.clip(cv2.resize(small, size[::-1], interpolation=cv2.INTER_CUBIC), -2, 2)
