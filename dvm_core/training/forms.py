"""Procedural solids and sheets with drawn outlines: hard and soft forms, foliage, nets."""

from __future__ import annotations

import cv2
import numpy as np

from dvm_core.training.canvas import Canvas
from dvm_core.training.noise import (
    Array,
    Rng,
    blob_outline,
    blur,
    colour,
    disc_blur,
    spectral_noise,
    uniform_noise,
    warp,
)


def solids(rng: Rng, size: int) -> tuple[Array, Array]:
    """A few solid shapes with crisp edges, some with holes; arguments and result as for `strands.hair`."""
    canvas = Canvas(size)
    for _ in range(int(rng.integers(1, 6))):
        centre = (size * rng.uniform(0.1, 0.9), size * rng.uniform(0.1, 0.9))
        radius = size * rng.uniform(0.05, 0.35)
        outlines = [blob_outline(rng, centre, radius, rng.uniform(0.0, 0.4))]
        if rng.random() < 0.4:
            outlines.append(blob_outline(rng, centre, radius * rng.uniform(0.2, 0.6), 0.2))
        if rng.random() < 0.3:
            outlines[0] = outlines[0][:: int(rng.integers(8, 24))]
        canvas.polygon(outlines, colour(rng))
    return canvas.finish()


def soft_solids(rng: Rng, size: int) -> tuple[Array, Array]:
    """Solids out of focus, by an amount that varies over the picture; arguments and result as for `strands.hair`."""
    rgb, alpha = solids(rng, size)
    defocus = disc_blur if rng.random() < 0.6 else blur
    radius = size * rng.uniform(0.005, 0.06)
    weight = uniform_noise(rng, size, 2.0) if rng.random() < 0.5 else np.ones((size, size), np.float32)
    premultiplied = np.dstack([rgb * alpha[..., None], alpha])
    near, far = defocus(premultiplied, radius * 0.25), defocus(premultiplied, radius)
    mixed = near + (far - near) * weight[..., None]
    alpha = np.clip(mixed[..., 3], 0.0, 1.0)
    return np.clip(mixed[..., :3] / np.maximum(alpha, 1e-3)[..., None], 0.0, 1.0), alpha


def ragged(rng: Rng, size: int) -> tuple[Array, Array]:
    """Torn and eroded edges: a threshold through fractal noise; arguments and result as for `strands.hair`."""
    field = spectral_noise(rng, size, rng.uniform(0.9, 1.8))[..., 0]
    level = rng.uniform(-0.8, 0.8)
    softness = rng.choice([0.02, 0.06, 0.2, 0.6])
    alpha = np.clip((field - level) / softness + 0.5, 0.0, 1.0)
    tint = spectral_noise(rng, size, 1.2, 3) * 0.12 + colour(rng)
    return np.clip(tint, 0.0, 1.0).astype(np.float32), alpha.astype(np.float32)


def foliage(rng: Rng, size: int) -> tuple[Array, Array]:
    """Leaves on bent twigs, many of one kind; arguments and result as for `strands.hair`."""
    canvas = Canvas(size)
    base, bark = colour(rng), colour(rng) * 0.6
    leaf = size * rng.uniform(0.012, 0.06)
    slimness = rng.uniform(0.15, 0.6)
    for _ in range(int(rng.integers(6, 40))):
        position = np.array([size * rng.uniform(-0.1, 1.1), size * rng.uniform(0.0, 1.1)])
        heading = rng.uniform(0, 2 * np.pi)
        bend = rng.normal(0, 0.06)
        twig = [position.copy()]
        for _ in range(int(rng.integers(10, 34))):
            heading += bend + rng.normal(0, 0.08)
            position = position + size * 0.022 * np.array([np.cos(heading), np.sin(heading)])
            twig.append(position.copy())
        canvas.line(np.array(twig, np.float32), rng.uniform(0.4, 3.0), bark)
        for at in twig[2:]:
            outline = _leaf(rng, at, heading + rng.normal(0, 0.9), leaf * rng.uniform(0.6, 1.3), slimness)
            canvas.polygon([outline], np.clip(base * rng.lognormal(0, 0.3), 0, 1))
    return canvas.finish()


def net(rng: Rng, size: int) -> tuple[Array, Array]:
    """A grid of threads, warped like hanging cloth, over a part of the picture; as for `strands.hair`."""
    canvas = Canvas(size)
    pitch = rng.uniform(4, 30)
    width = pitch * rng.uniform(0.06, 0.35)
    thread = colour(rng)
    for position in np.arange(-0.3 * size, 1.3 * size, pitch):
        ends = np.linspace(-0.3 * size, 1.3 * size, 30)
        for points in (np.stack([ends, np.full(30, position)], 1), np.stack([np.full(30, position), ends], 1)):
            canvas.line(points.astype(np.float32), max(width, 0.34), np.clip(thread * rng.lognormal(0, 0.1), 0, 1))
    rgb, alpha = canvas.finish()
    bend = spectral_noise(rng, size, 2.2, 2) * size * rng.uniform(0.01, 0.05)
    turn = cv2.getRotationMatrix2D((size / 2, size / 2), rng.uniform(0, 90), 1.0)
    drawn = warp(cv2.warpAffine(np.dstack([rgb, alpha]), turn, (size, size), borderMode=cv2.BORDER_REFLECT), bend)
    if rng.random() < 0.6:
        hem = Canvas(size)
        hem.polygon([_hem(rng, size)], np.ones(3, np.float32))
        drawn[..., 3] *= hem.finish()[1]
    return np.ascontiguousarray(drawn[..., :3]), np.ascontiguousarray(drawn[..., 3])


def _hem(rng: Rng, size: int) -> Array:
    return blob_outline(rng, (size * rng.uniform(0.3, 0.7), size * rng.uniform(0.3, 0.7)), size * 0.4, 0.2)


def _leaf(rng: Rng, root: Array, heading: float, length: float, slimness: float) -> Array:
    """Outline of a pointed leaf that starts at `root`."""
    t = np.linspace(0, 1, 9)
    half = slimness * np.sin(np.pi * t) * length / 2
    spine = np.stack([t * length, rng.normal(0, 0.15) * length * t**2], axis=1)
    outline = np.concatenate([spine + np.stack([0 * half, half], 1), (spine - np.stack([0 * half, half], 1))[::-1]])
    cos, sin = np.cos(heading), np.sin(heading)
    turned = outline @ np.array([[cos, sin], [-sin, cos]]) + root
    return np.asarray(turned, dtype=np.float32)
