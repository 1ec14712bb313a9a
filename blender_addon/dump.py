"""Frames of any socket as EXR files: a File Output node for the length of one render, then the scene is as it was."""

import contextlib
import os
import tempfile

import bpy

from . import compat
from .bridge.errors import InputError

_ONLY_COMPOSITE = {"use_compositing": True, "use_sequencer": False, "use_border": False, "use_multiview": False}
_SAME_AGAIN = {f"use_stamp_{what}": False for what in ("date", "render_time", "memory", "filename")}
"""What a file's header says besides its pixels: the next render of the same frame is to be the same file."""


def dump(scene, build, frames, colour):
    """Render a socket, frame by frame.

    Nothing outlives a step: between two of them the artist finds the nodes as they were, and may work on them.

    Args:
        scene: The scene.
        build: Gets the scene's compositing nodes and a frame, and returns the output socket to render; nodes that it
            makes are removed again.
        frames: Mapping of frames of the scene to the files to write.
        colour: Whether RGBA is written; else one channel.

    Yields:
        Each frame, once it is written.

    Raises:
        InputError: Blender wrote nothing, as it does where a picture that it needs is missing.
    """
    before = scene.frame_current, scene.frame_subframe
    name = scene.name
    try:
        for frame, path in frames.items():
            _render(bpy.data.scenes[name], build, frame, colour, path)
            yield frame
    finally:
        bpy.data.scenes[name].frame_set(before[0], subframe=before[1])


def _render(scene, build, frame, colour, path):
    tree = compat.compositing_tree(scene, create=True)
    scene.frame_set(frame)
    with tempfile.TemporaryDirectory(dir=os.path.dirname(path)) as folder, _new_nodes_removed(tree):
        output, entrance = compat.file_output(tree, folder, colour)
        tree.links.new(build(tree, frame), entrance)
        with _muted(tree, _upstream(output)), _settings(scene.render):
            _render_now(scene, frame)
        written = os.listdir(folder)
        if len(written) != 1:
            raise InputError(
                f"Blender rendered nothing for frame {frame}; see that every picture it needs there is on disk.",
                frame=frame,
            )
        os.replace(os.path.join(folder, written[0]), path)


def _render_now(scene, frame):
    try:
        bpy.ops.render.render(write_still=False, scene=scene.name)
    except RuntimeError as error:
        reason = str(error).strip().replace("Error: ", "")
        raise InputError(f"Blender cannot render frame {frame}: {reason}", frame=frame) from None


@contextlib.contextmanager
def _new_nodes_removed(tree):
    before = {node.name for node in tree.nodes}
    active = tree.nodes.active
    try:
        yield
    finally:
        for node in [node for node in tree.nodes if node.name not in before]:
            tree.nodes.remove(node)
        tree.nodes.active = active


@contextlib.contextmanager
def _muted(tree, keep):
    """Mute every other node: no File Output may write, no 3D scene be rendered, that this socket does not need."""
    others = [node for node in tree.nodes if node.name not in keep and not node.mute]
    for node in others:
        node.mute = True
    try:
        yield
    finally:
        for node in others:
            node.mute = False


@contextlib.contextmanager
def _settings(render):
    wanted = {**_ONLY_COMPOSITE, **_SAME_AGAIN, **compat.RENDER_FOR_FILES}
    before = {name: getattr(render, name) for name in wanted if hasattr(render, name)}
    for name in before:
        setattr(render, name, wanted[name])
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(render, name, value)


def _upstream(node):
    """Names of a node and of all that feed it."""
    found, waiting = {node.name}, [node]
    while waiting:
        for entrance in waiting.pop().inputs:
            for link in entrance.links:
                if link.from_node.name not in found:
                    found.add(link.from_node.name)
                    waiting.append(link.from_node)
    return found
