"""Procedural pictures to stand behind (and to texture) a foreground, with the statistics of natural ones."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from dvm_core.training.noise import Array, Rng, blob_outline, blur, colour, disc_blur, spectral_noise, warp


def fractal(rng: Rng, size: int) -> Array:
    """Coloured 1/f noise around one colour.

    Args:
        rng: Source of randomness.
        size: Height and width in pixels.

    Returns:
        (size, size, 3) float32 display RGB in [0, 1].
    """
    exponent = rng.uniform(0.6, 1.6)
    luminance = spectral_noise(rng, size, exponent) * rng.uniform(0.05, 0.3)
    tint = spectral_noise(rng, size, exponent, 3) * rng.uniform(0.0, 0.12)
    return _clip(colour(rng) + luminance + tint)


def gradient(rng: Rng, size: int) -> Array:
    """A smooth passage between colours, as of skies and studio walls; arguments and result as for `fractal`."""
    corners = np.stack([colour(rng) for _ in range(4)]).reshape(2, 2, 3)
    smooth = cv2.resize(corners, (size, size), interpolation=cv2.INTER_LINEAR)
    return _clip(smooth + spectral_noise(rng, size, 1.0) * rng.uniform(0.0, 0.03))


def dead_leaves(rng: Rng, size: int) -> Array:
    """Shapes of all sizes that hide one another, each textured: the edges of natural scenes; as for `fractal`."""
    picture = fractal(rng, size)
    texture = spectral_noise(rng, size, 1.0) * rng.uniform(0.02, 0.15)
    palette = [colour(rng) for _ in range(int(rng.integers(2, 6)))]
    radii = size * 0.02 / np.maximum(rng.random(int(rng.integers(60, 300))), 0.03) ** 0.8
    for radius in np.sort(radii)[::-1]:
        centre = (size * rng.uniform(0, 1), size * rng.uniform(0, 1))
        outline = blob_outline(rng, centre, float(radius), rng.uniform(0, 0.3))
        if rng.random() < 0.3:
            outline = outline[:: int(rng.integers(12, 32))]
        paint = palette[int(rng.integers(len(palette)))] * rng.lognormal(0, 0.3) + rng.normal(0, 0.04, 3)
        fill = tuple(float(value) for value in np.clip(paint, 0, 1))
        cv2.fillPoly(picture, [np.round(outline * 16).astype(np.int32)], fill, cv2.LINE_8, 4)
    return _clip(blur(picture, rng.uniform(0.3, 0.8)) + texture)


def pattern(rng: Rng, size: int) -> Array:
    """Stripes, checks, bricks or dots, bent a little: what confuses colour sampling; as for `fractal`."""
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    heading = rng.uniform(0, np.pi)
    u = x * np.cos(heading) + y * np.sin(heading)
    v = -x * np.sin(heading) + y * np.cos(heading)
    pitch = rng.uniform(4, 60)
    wave_u, wave_v = np.sin(2 * np.pi * u / pitch), np.sin(2 * np.pi * v / pitch)
    field = (wave_u, wave_u * wave_v, np.maximum(wave_u, wave_v) - 0.5)[int(rng.integers(3))]
    mask = np.clip(field * pitch * rng.uniform(0.1, 0.6) + 0.5, 0, 1)[..., None]
    first, second = colour(rng), colour(rng)
    picture = (first + (second - first) * mask + spectral_noise(rng, size, 1.0) * 0.05).astype(np.float32)
    return _clip(warp(picture, spectral_noise(rng, size, 2.0, 2) * rng.uniform(0, 8)))


def bokeh(rng: Rng, size: int) -> Array:
    """A scene far out of focus, with discs of light; arguments and result as for `fractal`."""
    picture = dead_leaves(rng, size)
    lights = np.zeros((size, size, 3), np.float32)
    for _ in range(int(rng.integers(0, 30))):
        at = rng.integers(0, size, 2)
        lights[at[0], at[1]] += colour(rng) * rng.uniform(5, 120)
    return _clip(disc_blur(picture + lights, rng.uniform(3, 14)))


def strewn(rng: Rng, size: int) -> Array:
    """Fine strands all over, like grass, straw or hair behind hair; arguments and result as for `fractal`."""
    picture = fractal(rng, size)
    base = colour(rng)
    heading, spread = rng.uniform(0, 2 * np.pi), rng.uniform(0.1, 1.5)
    length, thickness = size * rng.uniform(0.03, 0.3), int(rng.integers(1, 4))
    for _ in range(int(rng.integers(300, 1500))):
        root = rng.uniform(0, size, 2)
        turns = heading + rng.normal(0, spread) + np.linspace(0, rng.normal(0, 0.8), 8)
        points = root + np.cumsum(np.stack([np.cos(turns), np.sin(turns)], 1) * length / 8, axis=0)
        fill = tuple(float(value) for value in np.clip(base * rng.lognormal(0, 0.4), 0, 1))
        cv2.polylines(picture, [np.round(points * 16).astype(np.int32)], False, fill, thickness, cv2.LINE_8, 4)
    return _clip(blur(picture, rng.uniform(0.4, 1.0)))


KINDS: dict[str, tuple[float, Callable[[Rng, int], Array]]] = {
    "fractal": (0.12, fractal),
    "gradient": (0.15, gradient),
    "dead_leaves": (0.33, dead_leaves),
    "pattern": (0.1, pattern),
    "bokeh": (0.2, bokeh),
    "strewn": (0.1, strewn),
}
"""Name: share of the backgrounds, generator."""


def background(rng: Rng, size: int) -> Array:
    """A background of a random kind, blurred in a third of the cases; arguments and result as for `fractal`."""
    names = list(KINDS)
    shares = np.array([KINDS[name][0] for name in names])
    picture = KINDS[names[int(rng.choice(len(names), p=shares / shares.sum()))]][1](rng, size)
    if rng.random() < 0.35:
        picture = blur(picture, rng.lognormal(0.5, 0.7))
    return picture


def _clip(picture: Array) -> Array:
    return np.clip(picture, 0.0, 1.0).astype(np.float32)
