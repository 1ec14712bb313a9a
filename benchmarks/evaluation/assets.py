"""What stands in front in the evaluation clips, as functions of time; runs in Blender's Python.

None of it is in `rendering/subjects.py`, which training draws from: strands are combed here by arrays and not by
particle systems, leaves are lobed, the net is of rope and not of texture, and everything moves by laws of its own.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import bpy
import numpy as np
from mathutils import Euler, Matrix
from numpy.typing import NDArray

from benchmarks.evaluation import props, surfaces
from rendering import forms, stage

Array = NDArray[np.float32]
Build = Callable[[bpy.types.Scene, float], None]


def long_hair(scene: bpy.types.Scene, time: float) -> None:
    """A head and shoulders with long brown hair in a gusty wind; the head turns."""
    rng = np.random.default_rng(11)
    skin = surfaces.skin("skin", [0.62, 0.36, 0.25], 0.5)
    turn = props.turning(0.25 * math.sin(0.35 * time))
    head = props.ball((0, 0, 0.35), (0.42, 0.5, 0.58), skin)
    props.ball((0, 0.02, -0.35), (0.2, 0.2, 0.5), skin)
    props.ball((0, 0.05, -0.98), (0.85, 0.35, 0.42), surfaces.skin("coat", [0.03, 0.05, 0.16], 0.9))
    guides, each = 260, 34
    way = props.directions(rng, guides, lowest=-0.05)
    way[:, 1] = np.abs(way[:, 1]) * 0.9 - 0.25
    way = way / np.linalg.norm(way, axis=1, keepdims=True) @ turn.T
    roots = np.float32([0, 0, 0.35]) + way * np.float32([0.42, 0.5, 0.58])
    gust = np.float32([0.9 + 0.5 * math.sin(0.5 * time), 0.1, 0.15 * math.sin(0.8 * time + 1.0)])
    locks = props.combed(rng, roots, way, length=rng.uniform(0.8, 1.7, guides), gust=gust, time=time)
    hairs = props.thickened(rng, locks, each, spread=0.03, stray=0.02)
    radius = np.linspace(0.0026, 0.0009, hairs.shape[1])
    forms.strands(hairs, radius, surfaces.hair("brown", [0.05, 0.022, 0.01], [0.2, 0.1, 0.045]))
    head.rotation_euler = (0, 0, 0)
    props.studio(scene)


def short_fur(scene: bpy.types.Scene, time: float) -> None:
    """A spotted animal that walks past, looks about and wags its tail."""
    rng = np.random.default_rng(23)
    nod, wag, walk = 0.2 * math.sin(0.6 * time), 0.5 * math.sin(1.1 * time), 0.035 * time - 0.2
    look = np.float32([math.cos(nod), 0, math.sin(nod)])
    head = np.float32([0.85, 0, 0.42])
    tail = [np.float32([-0.8 - 0.28 * i, 0, 0.15 + 0.22 * i + 0.12 * i * wag]) for i in range(4)]
    parts = [  # centre, radii
        (np.float32([0, 0, 0]), np.float32([0.85, 0.4, 0.42])),
        (head, np.float32([0.36, 0.3, 0.33])),
        (head + 0.36 * look - np.float32([0, 0, 0.06]), np.float32([0.2, 0.15, 0.14])),
        (head + np.float32([-0.12, -0.12, 0.36]), np.float32([0.07, 0.05, 0.2])),
        (head + np.float32([0.1, 0.1, 0.36]), np.float32([0.07, 0.05, 0.2])),
        *[(at, np.float32([0.17, 0.09, 0.12])) for at in tail],
        *[(np.float32([x, 0, -0.52 + s * 0.05]), np.float32([0.12, 0.12, 0.3])) for x, s in ((-0.5, 1), (0.5, -1))],
    ]
    white, ginger = [0.6, 0.55, 0.48], [0.42, 0.16, 0.04]
    hide = surfaces.skin("hide", ginger, 0.9)
    coat = surfaces.hair("coat", ginger, white, by_tint=True)
    shift = np.float32([walk, 0, 0.03 * abs(math.sin(0.9 * time))])
    for centre, radii in parts:
        props.ball(tuple(centre + shift), tuple(radii * 0.98), hide)
        count = int(9000 * float(np.prod(np.sort(radii)[1:])) / 0.34) + 1200
        out = props.directions(rng, count, lowest=-1.0)
        normal = out / radii
        normal /= np.linalg.norm(normal, axis=1, keepdims=True)
        length = rng.uniform(0.05, 0.13, count)[:, None, None]
        back = np.float32([-1.0, 0, -0.5]) + rng.normal(0, 0.35, (count, 3))
        t = np.linspace(0, 1, 6)[None, :, None]
        points = (centre + shift + out * radii)[:, None] + length * (
            t * normal[:, None] * 0.8 + t**1.6 * 0.5 * back[:, None]
        )
        spots = np.sin(7.0 * out[:, 0] + 2.0) * np.sin(6.0 * out[:, 2] + centre[0] * 5.0) + 0.2 * rng.normal(size=count)
        thing = forms.strands(points, np.linspace(0.0035, 0.0006, 6), coat)
        props.tint(thing, (spots > 0.25).astype(np.float32))
    props.studio(scene, key=(3.0, -4.0, 3.5), sky=0.5)


def curls(scene: bpy.types.Scene, time: float) -> None:
    """A head of ringlets that bounce while it nods."""
    rng = np.random.default_rng(37)
    ringlets, each, k = 190, 26, 90
    nod = 0.10 * math.sin(0.9 * time)
    props.ball((0, 0, 0.1 + nod), (0.5, 0.5, 0.62), surfaces.skin("skin", [0.2, 0.09, 0.05], 0.45))
    way = props.directions(rng, ringlets, lowest=-0.3)
    roots = np.float32([0, 0, 0.1 + nod]) + way * np.float32([0.5, 0.5, 0.62])
    s = np.linspace(0, 1, k)
    length = (
        rng.uniform(0.35, 0.85, ringlets)[:, None]
        * (1.0 + 0.12 * np.sin(0.9 * time - 0.8 + rng.normal(0, 0.3, ringlets)))[:, None]
    )
    fall = np.minimum(s * 1.3, 1.0)[None, :, None] * np.float32([0, 0, -0.75])
    axis = way[:, None] * np.sin(1.4 * s)[None, :, None] + fall
    axis = roots[:, None] + axis * length[..., None]
    phase = rng.uniform(0, 6.28, (ringlets, 1)) + s[None] * rng.uniform(18, 34, (ringlets, 1))
    wide = rng.uniform(0.03, 0.065, (ringlets, 1)) * np.minimum(s * 6, 1.0)[None]
    coil = np.stack([np.cos(phase) * wide, np.sin(phase) * wide, np.zeros_like(wide)], axis=-1)
    hairs = props.thickened(rng, axis + coil, each, spread=0.012, stray=0.004)
    black = surfaces.hair("black", [0.012, 0.008, 0.006], [0.05, 0.022, 0.01])
    forms.strands(hairs, np.linspace(0.0028, 0.0016, k), black)
    props.studio(scene, key=(-3.0, -4.0, 3.0), sky=0.7)


def foliage(scene: bpy.types.Scene, time: float) -> None:
    """A hanging vine with lobed leaves, swaying, before the camera."""
    rng = np.random.default_rng(41)
    angle = np.linspace(-math.pi, math.pi, 41)
    reach = 0.55 + 0.45 * np.abs(np.cos(2.5 * angle)) ** 1.5
    reach *= 1.0 - 0.55 * np.exp(-((np.abs(angle) - math.pi) ** 2) / 0.1)
    edge = np.stack([np.cos(angle) * reach + 0.6, np.sin(angle) * reach], axis=1)[:-1]
    points, faces, tints = [], [], []
    bark = surfaces.skin("bark", [0.13, 0.08, 0.04], 0.9)
    for vine in range(9):
        x0, depth = rng.uniform(-1.9, 1.9), rng.uniform(-0.5, 0.5)
        drop = rng.uniform(0.9, 2.0)
        s = np.linspace(0, 1, 40)
        sway = 0.14 * np.sin(0.45 * time + vine + 1.2 * s) * s**1.5
        way = np.stack([x0 + sway + 0.1 * np.sin(5 * s + vine), depth + 0 * s, 1.25 - drop * s], axis=1)
        forms.strands(way[None], 0.012 * np.linspace(1, 0.4, 40), bark)
        for at in range(2, 40, 2):
            side = 1.0 if at % 4 else -1.0
            flutter = 0.25 * math.sin(1.3 * time + 2.1 * at + vine)
            turn = Euler(
                (
                    rng.uniform(0.2, 1.4) + flutter,
                    rng.uniform(-0.5, 0.5),
                    side * rng.uniform(0.2, 1.2) - (side < 0) * 3.14,
                )
            )
            axes = np.array(turn.to_matrix())
            size = rng.uniform(0.09, 0.19) * (1.1 - 0.5 * s[at])
            flat = np.column_stack([edge, 0.25 * edge[:, 1] ** 2]) * size
            start = sum(len(p) for p in points)
            points.append(way[at] + flat @ axes.T)
            faces.append(list(range(start, start + len(edge))))
            tints += [rng.random()] * len(edge)
    leaves = forms.mesh(np.concatenate(points), faces, surfaces.lobed_leaf())
    props.tint(leaves, np.float32(tints))
    props.studio(scene, key=(2.5, -3.0, 4.0), sky=0.9)


def motion_blur(scene: bpy.types.Scene, time: float) -> None:
    """A propeller that spins by 47 degrees a frame, and a thin rod thrown past it; the shutter is half open."""
    steel = surfaces.skin("steel", [0.35, 0.37, 0.42], 0.3, metallic=1.0)
    red, yellow = surfaces.skin("red", [0.5, 0.02, 0.015], 0.4), surfaces.skin("yellow", [0.75, 0.45, 0.03], 0.5)
    hub = props.ball((-0.5, 0, 0.1), (0.14, 0.14, 0.14), steel)
    props.ball((-0.5, 0.4, -0.55), (0.07, 0.07, 0.75), yellow)
    blades = []
    for i in range(3):
        bpy.ops.mesh.primitive_cube_add(size=1.0)
        blade = bpy.context.object
        blade.data.transform(Matrix.Translation((0.5, 0, 0)))
        blade.data.transform(Matrix.Diagonal((0.85, 0.02, 0.1 - 0.02 * i, 1.0)))
        blade.data.materials.append(red if i else steel)
        blades.append((blade, i * 2.0944))
    bpy.ops.mesh.primitive_cylinder_add(radius=0.02, depth=1.5, vertices=24)
    rod = bpy.context.object
    rod.data.materials.append(yellow)
    rod.location.y = -0.5
    bpy.context.preferences.edit.keyframe_new_interpolation_type = "LINEAR"
    for frame in (0, 1, 2):
        now = time + frame - 1
        for blade, start in blades:
            blade.location, blade.rotation_euler = hub.location, (0, start + 0.82 * now, 0)
            blade.keyframe_insert("rotation_euler", frame=frame)
        rod.location.x, rod.location.z = 1.7 - 0.24 * now, 0.55 - 0.02 * (now - 5) ** 2
        rod.rotation_euler = (0, 0.55 * now, 0)
        rod.keyframe_insert("location", frame=frame)
        rod.keyframe_insert("rotation_euler", frame=frame)
    for thing in [blade for blade, _ in blades] + [rod]:
        thing.cycles.use_motion_blur, thing.cycles.motion_steps = True, 5
    scene.render.use_motion_blur, scene.render.motion_blur_shutter = True, 0.5
    scene.frame_set(1)
    props.studio(scene, key=(2.0, -4.0, 3.0), sky=0.6)


def defocus(scene: bpy.types.Scene, time: float) -> None:
    """Beads on wires from near to far; focus is pulled through them while the camera slides."""
    rng = np.random.default_rng(53)
    paints = [
        surfaces.skin(f"paint{i}", c, 0.3)
        for i, c in enumerate([[0.6, 0.05, 0.04], [0.05, 0.2, 0.5], [0.7, 0.6, 0.5], [0.05, 0.3, 0.1]])
    ]
    wire = surfaces.skin("wire", [0.25, 0.2, 0.1], 0.4, metallic=1.0)
    for strand in range(7):
        s = np.linspace(0, 1, 60)
        depth = -2.6 + 0.85 * strand
        x = -1.6 + 0.55 * strand + 0.2 * np.sin(4 * s + strand) - 0.03 * time
        way = np.stack([x, np.full(60, depth) + 0.3 * s, 1.5 - 2.6 * s], axis=1)
        forms.strands(way[None], np.full(60, 0.008), wire)
        for at in range(4, 60, 7):
            props.ball(tuple(way[at]), (rng.uniform(0.05, 0.13),) * 3, paints[int(rng.integers(4))])
    stage.focus(scene.camera, distance=stage.DISTANCE - 2.2 + 0.33 * time, f_stop=0.11)
    props.studio(scene, key=(-2.5, -4.0, 3.5), sky=0.5)


def veil(scene: bpy.types.Scene, time: float) -> None:
    """A sheer scarf with a dense hem and dots, waving."""
    n = 220
    u, v = np.meshgrid(np.linspace(0, 1, n), np.linspace(0, 1, n), indexing="ij")
    wave = 0.28 * u * np.sin(7.0 * u - 0.8 * time + 1.5 * v) + 0.12 * u * np.sin(13.0 * u + 3.0 * v - 1.1 * time)
    sag = -0.35 * u * (0.6 + 0.4 * np.sin(0.5 * time)) * u + 0.06 * np.sin(9 * u - 0.9 * time)
    height = np.stack([-0.12 * u, wave, sag - 0.25 * (v - 0.5) * u], axis=-1)
    forms.sheet(height, surfaces.scarf(), width=1.9)
    pole = np.stack([np.full(20, -0.97), np.zeros(20), np.linspace(-1.5, 1.1, 20)], axis=1)
    forms.strands(pole[None], np.full(20, 0.09), surfaces.skin("pole", [0.3, 0.2, 0.1], 0.7))
    props.studio(scene, key=(2.0, -4.0, 2.0), sky=0.8)


def smoke(scene: bpy.types.Scene, time: float) -> None:
    """A plume that rises from a chimney and is torn by the wind."""
    bpy.ops.mesh.primitive_cube_add(size=2.0)
    box = bpy.context.object
    box.scale = (1.7, 0.6, 1.0)
    box.data.materials.append(surfaces.plume(time))
    bpy.ops.mesh.primitive_cylinder_add(radius=0.13, depth=0.5, vertices=48, location=(-1.1, 0, -0.86))
    bpy.context.object.data.materials.append(surfaces.skin("brick", [0.25, 0.09, 0.06], 0.9))
    props.studio(scene, key=(-3.0, -3.0, 3.0), sky=0.6)


def net(scene: bpy.types.Scene, time: float) -> None:
    """A rope net on a frame, dented by a ball that flies into it."""
    rope, post = surfaces.skin("rope", [0.75, 0.73, 0.68], 0.8), surfaces.skin("post", [0.08, 0.1, 0.12], 0.4)
    hit = np.exp(-((time - 6.0) ** 2) / 14.0)
    ball = np.float32([-0.9 + 0.17 * time, -0.9 + 0.16 * time, 0.05])

    def pushed(points: Array) -> Array:
        r2 = (points[..., 0] - ball[0]) ** 2 + (points[..., 2] - ball[2]) ** 2
        dent = (
            0.5 * hit * np.exp(-r2 / 0.25)
            + 0.06 * np.sin(4 * points[..., 0] + 0.9 * time)
            + 0.04 * np.sin(5 * points[..., 2] - time)
        )
        pull = -0.25 * hit * np.exp(-r2 / 0.3)
        moved = points.copy()
        moved[..., 1] += dent
        moved[..., 0] += pull * (points[..., 0] - ball[0])
        moved[..., 2] += pull * (points[..., 2] - ball[2])
        return moved

    along = np.linspace(-1, 1, 120)
    ropes = []
    for c in np.arange(-2.6, 2.61, 0.15):
        for slope in (1.0, -1.0):
            x = c + slope * along * 0.95
            ropes.append(np.stack([x, np.zeros_like(x), along * 0.95], axis=1))
    points = np.stack(ropes)
    inside = np.clip(points[..., 0], -1.5, 1.5)
    points[..., 0] = inside
    forms.strands(pushed(points), np.full(120, 0.0085), rope)
    corners = np.float32([[-1.5, 0, 0.95], [1.5, 0, 0.95], [1.5, 0, -0.95], [-1.5, 0, -0.95], [-1.5, 0, 0.95]])
    for first, second in itertools.pairwise(corners):
        forms.strands((first + (second - first) * np.linspace(0, 1, 8)[:, None])[None], np.full(8, 0.035), post)
    props.ball(tuple(ball + np.float32([0, -0.2, 0])), (0.2,) * 3, surfaces.skin("ball", [0.6, 0.22, 0.03], 0.5))
    props.studio(scene, key=(2.0, -4.0, 3.0), sky=0.7)
