"""The trimaps: files as they are, or what Blender draws from masks, painted images or a socket."""

import bpy

from . import compat
from .bridge.errors import UsageError
from .bridge.frames import normalise_pattern
from .frames import frames_on_disk, typed_pattern
from .plate import source_of


def trimap_files(settings):
    """Pattern of trimaps that are on disk, or None where Blender has to render them.

    Raises:
        UsageError: None are named.
    """
    if settings.trimap_source != "FILES":
        return None
    if not settings.trimap_files:
        raise UsageError("No trimap files are named; pick one of them.")
    return typed_pattern(bpy.path.abspath(settings.trimap_files))


def key_frames(settings):
    """The frames that have a trimap made by hand, in order; of a painted one those that have an image."""
    painted = settings.trimap_source == "PAINTED"
    return sorted({key.frame for key in settings.keys if key.image is not None or not painted})


def keys_of(settings):
    """Frames of the scene that have a trimap between which the others are propagated; none where each has its own."""
    if not settings.propagate:
        return []
    files = trimap_files(settings)
    return key_frames(settings) if files is None else list(frames_on_disk(normalise_pattern(files)))


def frames_to_render(settings, frames):
    """Which frames of the scene need a trimap from Blender.

    Args:
        settings: The node's.
        frames: Frames to matte and those around them.

    Raises:
        UsageError: Keyframes are needed, and there are none.
    """
    if not settings.propagate and settings.trimap_source != "PAINTED":
        return list(frames)
    keys = key_frames(settings)
    if not keys:
        raise UsageError("There is no trimap keyframe; go to a frame whose trimap is right and add one.")
    return keys if settings.propagate else [frame for frame in keys if frame in frames]


def trimap_builder(node_name, settings, size):
    """What makes the nodes that draw a trimap.

    Args:
        node_name: The DVM Matte.
        settings: Its settings.
        size: (width, height) of the plate.

    Returns:
        A function for `dump`.

    Raises:
        UsageError: The masks or the socket that it is drawn from are missing.
    """
    if settings.trimap_source == "MASK":
        if settings.mask_outer is None:
            raise UsageError("No outer mask is chosen; draw one around everything that may belong to the subject.")
        return lambda tree, frame: _from_masks(tree, _settings(tree, node_name), size)
    if settings.trimap_source == "PAINTED":
        return lambda tree, frame: _from_image(tree, _settings(tree, node_name), frame)
    return lambda tree, frame: _from_socket(tree.nodes[node_name])


def _settings(tree, node_name):
    # Looked up for each frame: an undo between two frames leaves old references dangling.
    return tree.nodes[node_name].node_tree.dvm


def _from_masks(tree, settings, size):
    """Half of what lies in either: 1 inside both, 0 outside both, unknown between, soft edges included."""
    outer = compat.mask_node(tree, settings.mask_outer, size).outputs[0]
    if settings.mask_inner is not None:
        inner = compat.mask_node(tree, settings.mask_inner, size).outputs[0]
    else:
        outer, inner = (_widened(tree, outer, pixels) for pixels in (settings.band, -settings.band))
    both, half = compat.math_node(tree, "ADD"), compat.math_node(tree, "MULTIPLY")
    tree.links.new(outer, both.inputs[0])
    tree.links.new(inner, both.inputs[1])
    tree.links.new(both.outputs[0], half.inputs[0])
    half.inputs[1].default_value = 0.5
    return half.outputs[0]


def _widened(tree, mask, pixels):
    node = compat.dilate_node(tree, round(pixels))
    tree.links.new(mask, node.inputs["Mask"])
    return node.outputs[0]


def _from_image(tree, settings, frame):
    node = tree.nodes.new("CompositorNodeImage")
    node.image = next(key.image for key in settings.keys if key.frame == frame and key.image is not None)
    return node.outputs[0]


def _from_socket(node):
    source = source_of(node.inputs["Trimap"])
    if source is None:
        raise UsageError(f"'{node.name}' has no trimap; connect one to its Trimap socket.")
    return source
