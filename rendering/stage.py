"""An empty Blender scene that renders with exact alpha: camera, lights, motion, and the way out to arrays."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix, Vector
from numpy.typing import NDArray

Array = NDArray[np.float32]
Rng = np.random.Generator
DISTANCE = 8.0
"""From the camera to the origin, around which every subject stands."""


def empty(*, size: tuple[int, int], samples: int, seed: int, threads: int, bounces: int = 1) -> bpy.types.Scene:
    """Forget the last scene and set up Cycles so that alpha is the mean of equally many samples in every pixel.

    Args:
        size: Width and height in pixels.
        samples: Paths a pixel; neither adaptive sampling nor a denoiser touches them.
        seed: Of the sampling pattern.
        threads: CPU threads.
        bounces: Of light between surfaces; 0 is lamps and sky alone, at half the time.
    """
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    render, cycles = scene.render, scene.cycles
    render.engine = "CYCLES"
    render.resolution_x, render.resolution_y = size
    render.film_transparent = True
    render.threads_mode, render.threads = "FIXED", threads
    render.use_persistent_data = False
    render.image_settings.file_format = "OPEN_EXR"
    render.image_settings.color_mode, render.image_settings.color_depth = "RGBA", "32"
    cycles.device, cycles.samples, cycles.seed = "CPU", samples, seed
    cycles.use_adaptive_sampling = cycles.use_denoising = False
    cycles.film_transparent_glass = True
    cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces = 4 * bounces, bounces, bounces
    cycles.transmission_bounces, cycles.transparent_max_bounces, cycles.volume_bounces = 4 * bounces, 24, 0
    cycles.caustics_reflective = cycles.caustics_refractive = False
    cycles.sample_clamp_direct = cycles.sample_clamp_indirect = 3.0
    cycles.volume_biased = True  # marched in equal steps: no noise in the alpha of what only absorbs and glows
    return scene


def camera(scene: bpy.types.Scene, *, half_width: float, azimuth: float = 0.0, height: float = 0.0) -> bpy.types.Object:
    """A camera that looks at the origin.

    Args:
        scene: To add it to.
        half_width: Of the picture at the origin, in scene units.
        azimuth: Turn about the vertical axis in radians.
        height: Angle above the horizon in radians.
    """
    data = bpy.data.cameras.new("camera")
    data.angle = 2.0 * math.atan(half_width / DISTANCE)
    eye = bpy.data.objects.new("camera", data)
    place = Vector((math.sin(azimuth) * math.cos(height), -math.cos(azimuth) * math.cos(height), math.sin(height)))
    eye.matrix_world = Matrix.Translation(place * DISTANCE) @ (-place).to_track_quat("-Z", "Y").to_matrix().to_4x4()
    scene.collection.objects.link(eye)
    scene.camera = eye
    return eye


def focus(eye: bpy.types.Object, *, distance: float, f_stop: float) -> None:
    """Give a camera a lens that is open: blur grows with the distance to the plane in focus and with 1 / `f_stop`."""
    eye.data.dof.use_dof = True
    eye.data.dof.focus_distance = distance
    eye.data.dof.aperture_fstop = f_stop


def sky(scene: bpy.types.Scene, colour: Array, strength: float) -> None:
    """Light from everywhere, of one linear colour; the alpha does not see it."""
    world = bpy.data.worlds.new("sky")
    scene.world = world
    world.use_nodes = True
    shader = world.node_tree.nodes["Background"]
    shader.inputs["Color"].default_value = (*(float(c) for c in colour), 1.0)
    shader.inputs["Strength"].default_value = strength


def lamp(scene: bpy.types.Scene, place: Array, colour: Array, power: float, *, size: float = 2.0) -> None:
    """A square area light of `power` watts at `place`, turned to the origin."""
    data = bpy.data.lights.new("lamp", "AREA")
    data.energy, data.size = power, size
    data.color = tuple(float(c) for c in colour)
    light = bpy.data.objects.new("lamp", data)
    light.location = tuple(float(c) for c in place)
    light.rotation_euler = (-Vector(light.location)).to_track_quat("-Z", "Y").to_euler()
    scene.collection.objects.link(light)


def shutter(scene: bpy.types.Scene, *, start: Matrix, end: Matrix, opening: float) -> None:
    """Move all that stands free in the scene, lamps and camera apart, from `start` to `end` within frames 0 to 2.

    Args:
        scene: Its current frame becomes 1.
        start: Placement at frame 0.
        end: Placement at frame 2.
        opening: How long the shutter is open, in frames.
    """
    handle = bpy.data.objects.new("handle", None)
    scene.collection.objects.link(handle)
    for thing in scene.objects:
        if thing.parent is None and thing.type not in ("LIGHT", "CAMERA") and thing is not handle:
            thing.parent = handle
    bpy.context.preferences.edit.keyframe_new_interpolation_type = "LINEAR"
    for frame, matrix in ((0, start), (2, end)):
        handle.location, handle.rotation_euler = matrix.to_translation(), matrix.to_euler()
        handle.keyframe_insert("location", frame=frame)
        handle.keyframe_insert("rotation_euler", frame=frame)
    scene.render.use_motion_blur, scene.render.motion_blur_shutter = True, opening
    scene.frame_set(1)


def picture(scene: bpy.types.Scene) -> Array:
    """Render the current frame.

    Returns:
        (H, W, 4) float32: scene-linear Rec. 709 colour premultiplied by alpha, and alpha.
    """
    with tempfile.TemporaryDirectory() as folder:
        scene.render.filepath = str(Path(folder) / "picture.exr")
        bpy.ops.render.render(write_still=True)
        image = bpy.data.images.load(scene.render.filepath)
        width, height = image.size
        pixels = np.empty(width * height * 4, np.float32)
        image.pixels.foreach_get(pixels)
        bpy.data.images.remove(image)
    return np.ascontiguousarray(pixels.reshape(height, width, 4)[::-1])


def write_png(path: Path, picture: NDArray[np.uint8]) -> None:
    """Write (H, W, 4) straight RGBA of 8 bits as it is."""
    height, width = picture.shape[:2]
    image = bpy.data.images.new("still", width, height, alpha=True)
    image.pixels.foreach_set((picture[::-1].astype(np.float32) / 255.0).ravel())
    image.file_format = "PNG"
    image.filepath_raw = str(path)
    image.save()
    bpy.data.images.remove(image)
