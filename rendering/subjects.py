"""What stands in front, from hair to glass; each subject fits a ball of radius 1.3.

Evaluation has models of its own (`benchmarks/evaluation`), so that no network is measured on what it was trained with.
"""

from __future__ import annotations

from collections.abc import Callable

import bpy
import numpy as np

from rendering import forms, materials
from rendering.materials import Array, Rng, hue

HANGING, UPWARDS = np.array([0.0, 0.0, -0.5]), np.array([0.0, 0.0, 1.5])


def hair(rng: Rng) -> None:
    """A head-like body with particle hair on a part of it: straight, clumped, wispy, wavy or frizzy."""
    style = str(rng.choice(["straight", "clumped", "wisps", "frizz", "wavy"]))
    settings = _coat(rng, length=rng.uniform(0.35, 1.1), parents=int(rng.integers(150, 500)), children=(4, 14))
    if style == "clumped":
        settings.clump_factor, settings.clump_shape = float(rng.uniform(0.5, 1.0)), float(rng.uniform(-0.5, 0.8))
    elif style == "wisps":
        settings.clump_factor, settings.roughness_endpoint = float(rng.uniform(0.2, 0.8)), float(rng.uniform(0.02, 0.1))
        settings.roughness_1, settings.roughness_1_size = float(rng.uniform(0.05, 0.25)), float(rng.uniform(0.4, 1.5))
    elif style == "frizz":
        settings.roughness_2, settings.roughness_2_size = float(rng.uniform(0.02, 0.15)), float(rng.uniform(0.1, 0.6))
        settings.roughness_endpoint = float(rng.uniform(0.02, 0.12))
    elif style == "wavy":
        settings.kink, settings.kink_amplitude = "WAVE", float(rng.uniform(0.02, 0.09))
        settings.kink_frequency = float(rng.uniform(1.0, 4.0))


def flyaways(rng: Rng) -> None:
    """Hair so fine and so far apart that it covers half of what is behind it at most."""
    length, parents = rng.uniform(0.4, 1.1), int(rng.integers(60, 300))
    settings = _coat(rng, length=length, parents=parents, children=(2, 9))
    settings.radius_scale = float(np.exp(rng.uniform(np.log(0.001), np.log(0.004))))
    settings.child_radius = float(rng.uniform(0.1, 0.4))
    settings.roughness_2, settings.roughness_2_size = float(rng.uniform(0.0, 0.08)), float(rng.uniform(0.2, 1.0))
    settings.roughness_endpoint = float(rng.uniform(0.0, 0.08))


def fur(rng: Rng) -> None:
    """A body all covered with short hair."""
    settings = _coat(
        rng, length=rng.uniform(0.08, 0.3), parents=int(rng.integers(1200, 3000)), children=(3, 10), bald=0.0
    )
    settings.tangent_factor = settings.normal_factor * float(rng.normal(0, 0.6))
    settings.roughness_2, settings.roughness_2_size = float(rng.uniform(0.0, 0.06)), float(rng.uniform(0.1, 0.5))
    settings.clump_factor = float(rng.choice([0.0, rng.uniform(0.2, 0.9)]))


def curls(rng: Rng) -> None:
    """Particle hair wound into curls or spirals."""
    settings = _coat(rng, length=rng.uniform(0.3, 0.9), parents=int(rng.integers(80, 260)), children=(6, 16))
    settings.kink = str(rng.choice(["CURL", "RADIAL", "BRAID"], p=[0.6, 0.2, 0.2]))
    settings.kink_amplitude, settings.kink_frequency = float(rng.uniform(0.03, 0.12)), float(rng.uniform(2.0, 7.0))
    settings.clump_factor, settings.clump_shape = float(rng.uniform(0.3, 0.95)), float(rng.uniform(-0.4, 0.4))
    settings.display_step = settings.render_step = 6


def feathers(rng: Rng) -> None:
    """Shafts with barbs on both sides, some of them apart from the rest."""
    points, radii = [], []
    for _ in range(int(rng.integers(2, 9))):
        shaft = _bow(rng, rng.uniform(0.9, 2.2), 48)
        side = np.cross(np.gradient(shaft, axis=0), _unit(rng))
        side /= np.linalg.norm(side, axis=1, keepdims=True)
        ahead = np.gradient(shaft, axis=0)
        ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
        barbs = int(rng.integers(200, 600))
        at = np.sort(rng.uniform(0.1, 0.98, barbs))
        where = (at * 47).astype(int)
        length = rng.uniform(0.12, 0.4) * np.sin(np.pi * at**0.7) ** 0.6 * rng.uniform(0.7, 1.1, barbs)
        turn = np.where(rng.random(barbs) < 0.5, -1.0, 1.0)
        along = np.linspace(0, 1, 7)[None, :, None]
        lean = rng.uniform(0.3, 1.0) + rng.normal(0, rng.uniform(0.02, 0.3), barbs)
        out = side[where] * turn[:, None] + ahead[where] * lean[:, None]
        points.append(
            shaft[where][:, None] + length[:, None, None] * along * (out[:, None] + 0.4 * along * ahead[where][:, None])
        )
        radii.append(np.broadcast_to(rng.uniform(0.002, 0.006) * np.linspace(1.0, 0.4, 7), (barbs, 7)))
        forms.strands(_resampled(shaft, 24)[None], np.linspace(0.015, 0.004, 24), materials.solid(rng, [hue(rng)] * 2))
    forms.strands(np.concatenate(points), np.concatenate(radii), materials.strand(rng, hue(rng), hue(rng), uneven=0.15))


def wisps(rng: Rng) -> None:
    """Free locks of thin, bending strands, as of grass, threads or wind-blown hair."""
    locks = []
    for _ in range(int(rng.integers(4, 24))):
        way = _bow(rng, rng.uniform(0.8, 2.4), 24)
        count = int(rng.integers(4, 60))
        spread = rng.uniform(0.01, 0.12)
        open_ = np.linspace(1.0, rng.uniform(0.2, 3.0), 24)[None, :, None]
        stray = np.cumsum(rng.normal(0, rng.uniform(0.0, 0.02), (count, 24, 3)), axis=1)
        locks.append(way[None] + rng.normal(0, spread, (count, 1, 3)) * open_ + stray)
    points = np.concatenate(locks)
    width = float(np.exp(rng.uniform(np.log(0.0015), np.log(0.012))))
    forms.strands(points, width * np.linspace(1.0, 0.2, 24), materials.strand(rng, hue(rng), hue(rng)))


def foliage(rng: Rng) -> None:
    """Branches with leaves or petals of one outline."""
    base = hue(rng, saturation=0.8, value=rng.uniform(0.05, 0.4)) if rng.random() < 0.5 else None
    colours = (
        [np.float32([0.5, 1.0, 0.25]) * rng.uniform(0.03, 0.5) for _ in range(3)]
        if base is None
        else [base, hue(rng), base]
    )
    cut = np.linspace(0, 1, int(rng.integers(5, 14)))
    half = np.sin(np.pi * cut ** rng.uniform(0.5, 1.4)) ** rng.uniform(0.6, 1.5) * rng.uniform(0.08, 0.4)
    half = half * (1 + rng.uniform(0.0, 0.5) * (np.arange(len(cut)) % 2))
    half[[0, -1]] = 0.002
    bark = materials.solid(rng, [np.float32([0.12, 0.08, 0.05]), np.float32([0.3, 0.22, 0.15])])
    places, frames = [], []
    size = rng.uniform(0.12, 0.5)
    for _ in range(int(rng.integers(3, 12))):
        way = _bow(rng, rng.uniform(1.0, 2.4), 32)
        forms.strands(way[None], rng.uniform(0.008, 0.03) * np.linspace(1.0, 0.25, 32), bark)
        for at in rng.integers(4, 32, int(rng.integers(6, 26))):
            axes = np.linalg.qr(np.stack([_unit(rng) + HANGING, _unit(rng), _unit(rng)], axis=1))[0].T
            places.append(way[at])
            frames.append(axes * size * rng.uniform(0.5, 1.2))
    tints = rng.random(len(places))
    forms.leaves(np.stack(places), np.stack(frames), np.stack([cut, half], axis=1), tints, materials.leaf(rng, colours))


def net(rng: Rng) -> None:
    """A net of threads, or cloth with an open weave, in folds."""
    threads = float(np.exp(rng.uniform(np.log(6), np.log(45))))
    material = materials.weave(rng, [hue(rng), hue(rng)], threads=threads, cover=float(rng.uniform(0.06, 0.45)))
    forms.sheet(_folds(rng, rng.uniform(0.05, 0.4)), material, width=float(rng.uniform(1.8, 2.6)))


def veil(rng: Rng) -> None:
    """One to three layers of sheer cloth in folds."""
    for _ in range(int(rng.integers(1, 4))):
        material = materials.veil(rng, [hue(rng), hue(rng)], density=float(rng.uniform(0.05, 0.45)))
        thing = forms.sheet(_folds(rng, rng.uniform(0.1, 0.6)), material, width=float(rng.uniform(1.4, 2.4)))
        thing.rotation_euler = rng.normal(0, 0.5, 3)
        thing.location = rng.normal(0, 0.2, 3)


def smoke(rng: Rng) -> None:
    """One to three puffs of smoke, dust or flame."""
    for _ in range(int(rng.integers(1, 4))):
        bright = hue(rng, value=rng.uniform(0.2, 1.0))
        colours = [bright * rng.uniform(0.02, 0.5), bright]
        bpy.ops.mesh.primitive_uv_sphere_add(radius=1.0)
        bpy.context.object.data.materials.append(
            materials.vapour(
                rng,
                colours,
                density=float(np.exp(rng.uniform(np.log(0.6), np.log(12.0)))),
                scale=float(rng.uniform(0.8, 4.0)),
                place=rng.normal(0, 20, 3).astype(np.float32),
            )
        )
        bpy.context.object.location = rng.normal(0, 0.25, 3)
        bpy.context.object.scale = rng.uniform(0.7, 1.2, 3)


def glass(rng: Rng) -> None:
    """Hollow thin glass, with a solid thing inside or beside it."""
    thing = forms.body(rng, materials.glass(rng, hue(rng)), lumps=0.15, stretch=_stretch(rng))
    thing.location = rng.normal(0, 0.15, 3)
    if rng.random() < 0.6:
        inside = forms.body(
            rng, materials.solid(rng, [hue(rng), hue(rng)]), lumps=0.3, stretch=_stretch(rng) * np.float32(0.4)
        )
        inside.location = rng.normal(0, 0.4, 3)


def solids(rng: Rng) -> None:
    """A heap of textured bodies, rings and bars."""
    for _ in range(int(rng.integers(1, 9))):
        material = materials.solid(rng, [hue(rng), hue(rng), hue(rng)])
        kind = int(rng.integers(4))
        if kind == 0:
            thing = forms.body(rng, material, lumps=0.4, stretch=_stretch(rng) * np.float32(rng.uniform(0.2, 0.8)))
        else:
            if kind == 1:
                bpy.ops.mesh.primitive_torus_add(
                    major_radius=rng.uniform(0.2, 0.7), minor_radius=rng.uniform(0.01, 0.2)
                )
            elif kind == 2:
                bpy.ops.mesh.primitive_cube_add(size=rng.uniform(0.2, 0.9))
                bpy.context.object.scale = rng.uniform(0.05, 1.6, 3)
            else:
                bpy.ops.mesh.primitive_monkey_add(size=rng.uniform(0.5, 1.6))
            thing = bpy.context.object
            thing.data.materials.append(material)
        thing.location = rng.normal(0, 0.45, 3)
        thing.rotation_euler = rng.uniform(0, 6.28, 3)


KINDS: dict[str, tuple[float, Callable[[Rng], None]]] = {
    "hair": (0.18, hair),
    "flyaways": (0.09, flyaways),
    "fur": (0.15, fur),
    "curls": (0.13, curls),
    "wisps": (0.07, wisps),
    "feathers": (0.06, feathers),
    "foliage": (0.09, foliage),
    "net": (0.05, net),
    "veil": (0.07, veil),
    "smoke": (0.06, smoke),
    "glass": (0.02, glass),
    "solids": (0.03, solids),
}
"""Name: share of the stills, builder."""


def _coat(
    rng: Rng, *, length: float, parents: int, children: tuple[int, int], bald: float = 0.35
) -> bpy.types.ParticleSettings:
    """A body with a particle system of hair, on all of it or on the part above a random plane."""
    tone = hue(rng)
    skin = (
        materials.solid(rng, [tone * rng.uniform(0.4, 1.2), hue(rng)])
        if rng.random() < 0.5
        else materials.solid(rng, [tone, tone])
    )
    thing = forms.body(rng, skin, lumps=0.2, stretch=_stretch(rng) * np.float32(0.95 - 0.45 * min(length, 1.0)))
    tip = tone * rng.uniform(0.5, 2.0) if rng.random() < 0.7 else hue(rng)
    thing.data.materials.append(materials.strand(rng, tone, np.clip(tip, 0, 1), uneven=float(rng.uniform(0.1, 0.6))))
    modifier = thing.modifiers.new("coat", "PARTICLE_SYSTEM")
    settings = modifier.particle_system.settings
    settings.type, settings.count, settings.hair_length = "HAIR", parents, float(length)
    modifier.particle_system.seed = int(rng.integers(1 << 16))
    settings.length_random, settings.hair_step, settings.use_advanced_hair = float(rng.uniform(0.0, 0.6)), 6, True
    speed = length / 4.0  # Blender's hair grows for four seconds
    settings.normal_factor, settings.factor_random = speed, speed * float(rng.uniform(0.0, 0.6))
    settings.object_align_factor = tuple(speed * rng.normal(0, 0.5, 3))
    _bend(rng, settings, speed)
    settings.child_type = "INTERPOLATED" if rng.random() < 0.6 else "SIMPLE"
    settings.rendered_child_count, settings.child_radius = int(rng.integers(*children)), float(rng.uniform(0.03, 0.2))
    settings.render_step = 4
    settings.root_radius, settings.tip_radius = 1.0, float(rng.uniform(0.0, 0.5))
    settings.radius_scale = float(np.exp(rng.uniform(np.log(0.003), np.log(0.014))))
    settings.material = 2
    if rng.random() < 2.0 * bald:
        group = thing.vertex_groups.new(name="scalp")
        points = np.array([vertex.co[:] for vertex in thing.data.vertices])
        up = _unit(rng) + UPWARDS
        grown = np.flatnonzero(points @ (up / np.linalg.norm(up)) > rng.uniform(-0.5, 0.35))
        group.add(grown.tolist(), 1.0, "REPLACE")
        modifier.particle_system.vertex_group_density = "scalp"
    return settings


def _bend(rng: Rng, settings: bpy.types.ParticleSettings, speed: float) -> None:
    """Hair falls, and is blown about, while it grows."""
    weights = settings.effector_weights
    weights.apply_to_hair_growing = True
    weights.gravity = float(speed * rng.uniform(0.0, 0.12))
    settings.brownian_factor = float(speed * rng.uniform(0.0, 0.5))
    if rng.random() < 0.6:
        bpy.ops.object.effector_add(type="TURBULENCE", location=tuple(rng.normal(0, 1, 3)))
        field = bpy.context.object.field
        field.strength, field.size = float(speed * rng.uniform(0.2, 2.0)), float(rng.uniform(0.3, 1.5))
        field.seed = int(rng.integers(1, 100))


def _unit(rng: Rng) -> Array:
    vector = rng.normal(size=3)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def _stretch(rng: Rng) -> Array:
    return np.exp(rng.normal(0, 0.18, 3)).clip(0.6, 1.2).astype(np.float32)


def _bow(rng: Rng, length: float, count: int) -> Array:
    """(count, 3): a bending way of this length through the middle of the ball."""
    t = np.linspace(-0.5, 0.5, count)[:, None]
    way = (
        _unit(rng) * t
        + _unit(rng) * rng.normal(0, 0.35) * (4 * t**2 - 0.5)
        + _unit(rng) * rng.normal(0, 0.15) * np.sin(7 * t)
    )
    return np.asarray(way * length + rng.normal(0, 0.2, 3), np.float32)


def _resampled(way: Array, count: int) -> Array:
    at = np.linspace(0, len(way) - 1, count)
    return np.stack([np.interp(at, np.arange(len(way)), way[:, axis]) for axis in range(3)], axis=1)


def _folds(rng: Rng, height: float, count: int = 160) -> Array:
    """(count, count, 3): the shifts that hang a flat sheet in folds, and pull its border out of square."""
    u, v = np.meshgrid(np.linspace(-1, 1, count), np.linspace(-1, 1, count), indexing="ij")
    shift = np.zeros((count, count, 3))
    for axis, amount in ((1, height), (0, 0.12), (2, 0.12)):
        for _ in range(4):
            a, b = rng.normal(0, 3.0, 2)
            shift[..., axis] += amount * rng.normal() * np.sin(a * u + b * v + rng.uniform(0, 6.28)) / 2.0
    return shift
