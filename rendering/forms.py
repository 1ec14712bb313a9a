"""Meshes and curves from arrays: lumpy bodies, sheets, leaves on branches, strands."""

from __future__ import annotations

import bpy
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Rng = np.random.Generator


def mesh(points: Array, faces: list[list[int]], material: bpy.types.Material | None) -> bpy.types.Object:
    """An object of these corners (N, 3) and faces, in the current scene."""
    data = bpy.data.meshes.new("mesh")
    data.from_pydata(points.tolist(), [], faces)
    if material:
        data.materials.append(material)
    thing = bpy.data.objects.new("mesh", data)
    bpy.context.scene.collection.objects.link(thing)
    return thing


def smooth(thing: bpy.types.Object) -> bpy.types.Object:
    """Shade as a curved surface."""
    thing.data.polygons.foreach_set("use_smooth", np.ones(len(thing.data.polygons), bool))
    return thing


def body(rng: Rng, material: bpy.types.Material | None, *, lumps: float, stretch: Array) -> bpy.types.Object:
    """A ball of radius 1, stretched, with bumps and hollows of the height `lumps`."""
    bpy.ops.mesh.primitive_ico_sphere_add(subdivisions=5, radius=1.0)
    thing = bpy.context.object
    points = np.empty(len(thing.data.vertices) * 3, np.float32)
    thing.data.vertices.foreach_get("co", points)
    points = points.reshape(-1, 3)
    height = np.zeros(len(points), np.float32)
    for _ in range(6):
        towards = rng.normal(size=3)
        wave = np.exp(3.0 * (points @ (towards / np.linalg.norm(towards)) - 1.0))
        height += np.float32(rng.normal() * lumps) * wave.astype(np.float32)
    points *= (1.0 + height)[:, None] * stretch
    thing.data.vertices.foreach_set("co", points.ravel())
    thing.data.update()
    if material:
        thing.data.materials.append(material)
    return smooth(thing)


def sheet(height: Array, material: bpy.types.Material, *, width: float) -> bpy.types.Object:
    """A sheet in the picture plane that stands `height` (N, N, 3) away from flat; its UV run from 0 to 1."""
    n = len(height)
    u, v = np.meshgrid(np.linspace(0, 1, n), np.linspace(0, 1, n), indexing="ij")
    flat = np.stack([(u - 0.5) * width, np.zeros_like(u), (v - 0.5) * width], axis=-1)
    points = np.asarray((flat + height).reshape(-1, 3), np.float32)
    corner = np.arange(n * n).reshape(n, n)
    quads = np.stack([corner[:-1, :-1], corner[1:, :-1], corner[1:, 1:], corner[:-1, 1:]], axis=-1).reshape(-1, 4)
    thing = smooth(mesh(points, quads.tolist(), material))
    layer = thing.data.uv_layers.new(name="uv")
    uv = np.stack([u.ravel(), v.ravel()], axis=-1).astype(np.float32)[quads.ravel()]
    layer.data.foreach_set("uv", uv.ravel())
    return thing


def leaves(
    places: Array, frames: Array, outline: Array, tints: Array, material: bpy.types.Material
) -> bpy.types.Object:
    """One mesh of many leaves.

    Args:
        places: (N, 3) where each begins.
        frames: (N, 3, 3) its axes as rows (along, across, up), scaled.
        outline: (M, 2) half a leaf from foot to tip: along, half width; the blade bends up a little at its edges.
        tints: (N,) each leaf's place in the material's colours.
        material: Of all.
    """
    along, half = outline[:, 0], outline[:, 1]
    rows = [np.stack([along, side * half, 0.35 * np.abs(half) - 0.3 * along**2], axis=1) for side in (-1.0, 0.0, 1.0)]
    blade = np.concatenate(rows)
    m, n = len(outline), len(places)
    points = places[:, None] + blade @ frames
    quads = []
    for row in (0, 1):
        start = row * m + np.arange(m - 1)
        quads.append(np.stack([start, start + 1, start + m + 1, start + m], axis=1))
    quad = np.concatenate(quads)
    faces = (quad[None] + (np.arange(n) * 3 * m)[:, None, None]).reshape(-1, 4)
    thing = smooth(mesh(np.asarray(points.reshape(-1, 3), np.float32), faces.tolist(), material))
    tint = thing.data.attributes.new("tint", "FLOAT", "POINT")
    tint.data.foreach_set("value", np.repeat(tints, 3 * m).astype(np.float32))
    return thing


def strands(points: Array, radius: Array, material: bpy.types.Material) -> bpy.types.Object:
    """Hair from arrays.

    Args:
        points: (N, K, 3) strands of K points, root first.
        radius: (K,) or (N, K) radius along each.
        material: Of all.
    """
    n, k = points.shape[:2]
    data = bpy.data.hair_curves.new("strands")
    data.add_curves([k] * n)
    data.attributes["position"].data.foreach_set("vector", np.ascontiguousarray(points, np.float32).ravel())
    thickness = data.attributes.get("radius") or data.attributes.new("radius", "FLOAT", "POINT")
    thickness.data.foreach_set("value", np.ascontiguousarray(np.broadcast_to(radius, (n, k)), np.float32).ravel())
    data.materials.append(material)
    thing = bpy.data.objects.new("strands", data)
    bpy.context.scene.collection.objects.link(thing)
    return thing
