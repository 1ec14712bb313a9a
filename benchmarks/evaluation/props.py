"""Parts that the evaluation's foregrounds are built of: balls, light, directions, locks of hair."""

from __future__ import annotations

import math

import bpy
import numpy as np
from mathutils import Euler
from numpy.typing import NDArray

from rendering import forms, stage

Array = NDArray[np.float32]
Rng = np.random.Generator


def ball(place: tuple[float, ...], radii: tuple[float, ...], material: bpy.types.Material) -> bpy.types.Object:
    """An ellipsoid."""
    bpy.ops.mesh.primitive_uv_sphere_add(segments=48, ring_count=32, radius=1.0)
    thing = forms.smooth(bpy.context.object)
    thing.location, thing.scale = tuple(map(float, place)), tuple(map(float, radii))
    thing.data.materials.append(material)
    return thing


def tint(thing: bpy.types.Object, values: Array) -> None:
    """A number for each strand, or for each corner of a mesh, that its material reads as `tint`."""
    domain = "POINT" if thing.type == "MESH" else "CURVE"
    thing.data.attributes.new("tint", "FLOAT", domain).data.foreach_set("value", values)


def studio(scene: bpy.types.Scene, *, key: tuple[float, ...] = (3.0, -3.5, 3.0), sky: float = 0.4) -> None:
    """A sky, a key light and a rim light."""
    stage.sky(scene, np.float32([0.75, 0.85, 1.0]), sky)
    stage.lamp(scene, np.float32(key), np.float32([1.0, 0.95, 0.85]), 550.0, size=1.5)
    stage.lamp(scene, np.float32([-key[0], 3.0, 2.5]), np.float32([0.9, 0.95, 1.0]), 350.0, size=1.0)


def turning(angle: float) -> Array:
    """(3, 3) rotation about the vertical axis by an angle in radians."""
    return np.array(Euler((0, 0, angle)).to_matrix(), np.float32)


def directions(rng: Rng, count: int, *, lowest: float) -> Array:
    """(count, 3) unit vectors, evenly spread above a height."""
    up = rng.uniform(lowest, 1.0, count)
    around = rng.uniform(0, 2 * math.pi, count)
    flat = np.sqrt(1 - up**2)
    return np.stack([np.cos(around) * flat, np.sin(around) * flat, up], axis=1).astype(np.float32)


def combed(rng: Rng, roots: Array, way: Array, *, length: Array, gust: Array, time: float, k: int = 28) -> Array:
    """(N, k, 3) locks that leave the head along its normals, fall, and are blown aside the more the farther out."""
    s = np.linspace(0, 1, k)[None, :, None]
    wild = rng.normal(0, 0.25, (len(roots), 1, 3))
    phase = rng.uniform(0, 6.28, (len(roots), 1, 1))
    pull = np.float32([0, 0, -1.1]) * s + gust * s**1.3 * rng.uniform(0.5, 1.3, (len(roots), 1, 1))
    wave = 0.12 * s * np.sin(5.0 * s + phase - 0.9 * time) * np.float32([0.6, 0.8, 1.0])
    step = way[:, None] * np.exp(-5.0 * s) * 0.9 + pull + wild * s + wave
    step /= np.maximum(np.linalg.norm(step, axis=2, keepdims=True), 1e-6)
    return np.asarray(roots[:, None] + np.cumsum(step, axis=1) * (length[:, None, None] / k), np.float32)


def thickened(rng: Rng, locks: Array, each: int, *, spread: float, stray: float) -> Array:
    """(N * each, K, 3): many strands around each lock, held together at the tip; some stray."""
    n, k = locks.shape[:2]
    s = np.linspace(0, 1, k)[None, None, :, None]
    offset = rng.normal(0, spread, (n, each, 1, 3)) * (1.0 - 0.6 * s)
    wander = np.cumsum(rng.normal(0, stray / math.sqrt(k), (n, each, k, 3)), axis=2)
    loose = np.where(rng.random((n, each, 1, 1)) < 0.12, 3.5, 0.7)
    return np.asarray((locks[:, None] + offset + wander * loose * s).reshape(n * each, k, 3), np.float32)
