"""The plate: files that the engine reads itself where Blender shows them as they are; else what Blender renders."""

import os
from typing import NamedTuple, Tuple

import bpy

from . import compat
from .bridge.errors import InputError, UsageError
from .bridge.frames import FramePattern
from .frames import frames_on_disk, pattern_of

COLOUR_SPACES = {
    "sRGB": "srgb_rec709_scene",
    "Linear": "lin_rec709_scene",
    "Linear Rec.709": "lin_rec709_scene",
    "Linear Rec.2020": "lin_rec2020_scene",
    "ACEScg": "lin_ap1_scene",
    "ACES2065-1": "lin_ap0_scene",
}
"""Blender's colour spaces and the engine's names; a plate in any other is rendered by Blender to scene-linear light."""


class Plate(NamedTuple):
    """A plate as the engine gets it.

    Attributes:
        path: Pattern or movie.
        shift: A file's frame number minus the scene's.
        frames: Numbers of the files that there are, in order.
        size: (width, height) in pixels.
        colorspace: Its colour space, for the engine.
        shot: Numbers that the shot has, where these are more than `frames`.
    """

    path: str
    shift: int
    frames: Tuple[int, ...]
    size: Tuple[int, int]
    colorspace: str = "auto"
    shot: Tuple[int, ...] = ()


def source_of(socket):
    """The output that feeds an input, past reroutes; None if nothing does."""
    while socket.is_linked:
        link = socket.links[0]
        if link.from_node.bl_idname != "NodeReroute":
            return link.from_socket
        socket = link.from_node.inputs[0]
    return None


def plate_source(node):
    """The socket that is connected to a DVM Matte as its plate.

    Raises:
        UsageError: None is.
    """
    source = source_of(node.inputs["Plate"])
    if source is None:
        raise UsageError(f"'{node.name}' has no plate; connect a picture to its Plate socket.")
    return source


def file_plate(source):
    """The plate behind a socket, if files on disk are that very plate; else None: Blender has to render it.

    Raises:
        InputError: The files are not there.
    """
    node = source.node
    if node.mute or source != node.outputs[0]:
        return None
    if node.bl_idname == "CompositorNodeImage":
        return _image_plate(node, node.image)
    if node.bl_idname == "CompositorNodeMovieClip":
        return _clip_plate(node.clip)
    return None


def rendered_plate(pattern, frames, shot):
    """The plate that Blender rendered to files; scene-linear, tagged so where this Blender does that."""
    image = bpy.data.images.load(pattern.path(frames[0]))
    size = tuple(image.size)
    bpy.data.images.remove(image)
    return Plate(str(pattern), 0, tuple(frames), size, shot=tuple(shot))


def _image_plate(node, image):
    if image is None or image.packed_file or image.type == compat.MULTILAYER or image.use_multiview or node.use_cyclic:
        return None
    shift = node.frame_offset + 1 - node.frame_start
    path = bpy.path.abspath(image.filepath, library=image.library)
    if image.source == "MOVIE":
        return _plate(image, path, shift, range(1, image.frame_duration + 1))
    if image.source != "SEQUENCE":
        return None
    return _sequence(image, path, lambda number: shift)


def _clip_plate(clip):
    if clip is None:
        return None
    path = bpy.path.abspath(clip.filepath, library=clip.library)
    if clip.source == "MOVIE":
        return _plate(clip, path, 1 + clip.frame_offset - clip.frame_start, range(1, clip.frame_duration + 1))
    # A clip begins with the file that was opened, an image node with file number 1.
    return _sequence(clip, path, lambda number: number + clip.frame_offset - clip.frame_start)


def _sequence(source, path, shift):
    found = pattern_of(os.path.abspath(path))
    if found is None:
        return None
    pattern, number = found
    return _plate(source, str(pattern), shift(number), _there(pattern))


def _there(pattern: FramePattern):
    frames = frames_on_disk(pattern)
    if not frames:
        raise InputError(f"No frame of the plate '{pattern}' is there; find its files again.", path=str(pattern))
    return frames


def _plate(source, path, shift, frames):
    space = COLOUR_SPACES.get(source.colorspace_settings.name)
    return None if space is None else Plate(path, shift, tuple(frames), tuple(source.size), space)
