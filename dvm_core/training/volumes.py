"""Procedural smoke, veils and glass: foregrounds that are half transparent over wide areas."""

from __future__ import annotations

import numpy as np

from dvm_core.training.canvas import Canvas
from dvm_core.training.noise import (
    Array,
    Rng,
    blob_outline,
    blur,
    colour,
    smoothstep,
    spectral_noise,
    uniform_noise,
    warp,
)


def smoke(rng: Rng, size: int) -> tuple[Array, Array]:
    """Smoke, steam or fire: optical depth from warped fractal noise; arguments and result as for `strands.hair`."""
    depth = uniform_noise(rng, size, rng.uniform(1.2, 1.8))
    swirl = spectral_noise(rng, size, 2.0, 2) * size * rng.uniform(0.0, 0.06)
    depth = warp(depth, swirl)
    envelope = blur(_patch(rng, size), size * rng.uniform(0.03, 0.12))
    density = smoothstep(rng.uniform(0.0, 0.5), 1.0, depth) * envelope * rng.uniform(2.0, 9.0)
    alpha = (1.0 - np.exp(-density)) * rng.uniform(0.6, 1.0)
    shade = colour(rng) + 0.1 * spectral_noise(rng, size, 1.5)
    return np.clip(shade, 0, 1).astype(np.float32), alpha.astype(np.float32)


def veil(rng: Rng, size: int) -> tuple[Array, Array]:
    """Thin cloth: even transparency with denser folds, and a hem; arguments and result as for `strands.hair`."""
    density = rng.uniform(0.15, 0.8)
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size
    heading = rng.uniform(0, np.pi)
    across = x * np.cos(heading) + y * np.sin(heading) + 0.15 * spectral_noise(rng, size, 2.2)[..., 0]
    folds = 0.5 + 0.5 * np.sin(2 * np.pi * rng.uniform(2, 14) * across)
    layers = 1.0 + rng.uniform(0, 2.0) * folds ** rng.uniform(1, 6)
    weave = 1.0 + 0.1 * rng.random() * spectral_noise(rng, size, 0.4)[..., 0]
    alpha = np.clip(1.0 - (1.0 - density) ** (layers * weave), 0, 1) * _patch(rng, size)
    shade = colour(rng) * (0.75 + 0.35 * folds)[..., None]
    return np.clip(shade, 0, 1).astype(np.float32), alpha.astype(np.float32)


def glass(rng: Rng, size: int) -> tuple[Array, Array]:
    """Bubbles and bottles: thin inside, denser to the rim, with highlights; as for `strands.hair`."""
    rgb = np.zeros((size, size, 3), np.float32) + colour(rng)
    alpha = np.zeros((size, size), np.float32)
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    for _ in range(int(rng.integers(1, 9))):
        radius = size * rng.uniform(0.03, 0.3)
        dx = (x - size * rng.uniform(0.1, 0.9)) / (radius * rng.uniform(0.7, 1.3))
        dy = (y - size * rng.uniform(0.1, 0.9)) / radius
        distance = np.hypot(dx, dy)
        inside = 1.0 - smoothstep(1.0 - 1.0 / radius, 1.0 + 1.0 / radius, distance)
        body = rng.uniform(0.0, 0.4) + rng.uniform(0.2, 0.7) * np.minimum(distance, 1.0) ** rng.uniform(3, 12)
        glint = np.exp(-((dx - rng.uniform(-0.5, 0.5)) ** 2 + (dy + 0.4) ** 2) * rng.uniform(8, 60))
        layer = np.clip(body + glint, 0, 1) * inside
        rgb += (colour(rng) + glint[..., None] - rgb) * layer[..., None]
        alpha = alpha + layer - alpha * layer
    return np.clip(rgb, 0, 1).astype(np.float32), np.clip(alpha, 0, 1).astype(np.float32)


def _patch(rng: Rng, size: int) -> Array:
    """Where the sheet or cloud is: all of the picture now and then, else a blob with a crisp edge."""
    if rng.random() < 0.15:
        return np.ones((size, size), np.float32)
    canvas = Canvas(size)
    centre = (size * rng.uniform(0.2, 0.8), size * rng.uniform(0.2, 0.8))
    canvas.polygon([blob_outline(rng, centre, size * rng.uniform(0.2, 0.5), 0.3)], np.ones(3, np.float32))
    return canvas.finish()[1]
