"""The DVM Matte node: a node group that shows alphas from disk, so that a scene renders without the add-on, too."""

import os

import bpy

from . import compat
from .bridge.errors import UsageError
from .bridge.frames import normalise_pattern
from .frames import frames_on_disk

NAME = "DVM Matte"
_SET_ALPHA, _ALPHAS, _OUTPUT = "Set Alpha", "Alphas", "Group Output"


def new_group():
    """A node group that passes its plate through until it has alphas to show."""
    tree = bpy.data.node_groups.new(NAME, "CompositorNodeTree")
    tree.dvm.is_matte = True
    compat.new_socket(tree, "Plate", "INPUT", "NodeSocketColor")
    compat.new_socket(tree, "Trimap", "INPUT", "NodeSocketFloat")
    compat.new_socket(tree, "Image", "OUTPUT", "NodeSocketColor")
    compat.new_socket(tree, "Alpha", "OUTPUT", "NodeSocketFloat")
    entrance, output = tree.nodes.new("NodeGroupInput"), tree.nodes.new("NodeGroupOutput")
    set_alpha, alphas = compat.set_alpha_node(tree), tree.nodes.new("CompositorNodeImage")
    for node, name, place in (
        (entrance, "Group Input", (-300, 0)),
        (alphas, _ALPHAS, (-300, -200)),
        (set_alpha, _SET_ALPHA, (0, 0)),
        (output, _OUTPUT, (250, 0)),
    ):
        node.name, node.location = name, place
    output.inputs["Alpha"].default_value = 1
    tree.links.new(entrance.outputs["Plate"], set_alpha.inputs["Image"])
    tree.links.new(set_alpha.outputs["Image"], output.inputs["Image"])
    return tree


def add_node(scene):
    """Add a DVM Matte to the scene's compositing nodes; where an image, clip or the like is active, behind it."""
    tree = compat.compositing_tree(scene, create=True)
    active = tree.nodes.active
    node = tree.nodes.new("CompositorNodeGroup")
    node.node_tree = new_group()
    node.name = node.label = node.node_tree.name
    node.width = 180
    if active is not None and active.outputs and active.outputs[0].type == "RGBA":
        node.location = active.location.x + active.width + 60, active.location.y
        tree.links.new(active.outputs[0], node.inputs["Plate"])
    for other in tree.nodes:
        other.select = other == node
    tree.nodes.active = node
    return node


def is_matte(node):
    """Whether a node is a DVM Matte."""
    return node is not None and node.type == "GROUP" and node.node_tree is not None and node.node_tree.dvm.is_matte


def find(scene, name=""):
    """A DVM Matte of the scene: the named one; else the active one, or the only one.

    Raises:
        UsageError: There is none, or more than one and none is active.
    """
    tree = compat.compositing_tree(scene)
    nodes = [] if tree is None else [node for node in tree.nodes if is_matte(node)]
    if name:
        nodes = [node for node in nodes if node.name == name]
    elif tree is not None and tree.nodes.active in nodes:
        return tree.nodes.active
    if not nodes:
        named = f" named '{name}'" if name else ""
        raise UsageError(f"The compositing nodes of '{scene.name}' have no DVM Matte{named}; add one.")
    if len(nodes) > 1:
        raise UsageError(f"There are {len(nodes)} DVM Matte nodes; select one.")
    return nodes[0]


def output_pattern(tree):
    """Full path of the alphas' pattern.

    Raises:
        UsageError: The path counts from a .blend file that was never saved, or has no place for a frame number.
    """
    path = tree.dvm.output.replace("{node}", bpy.path.clean_name(tree.name))
    if path.startswith("//") and not bpy.data.filepath:
        raise UsageError(f"The output '{path}' is beside the .blend file; save that first.")
    pattern = normalise_pattern(os.path.abspath(bpy.path.abspath(path)))
    if not pattern.is_sequence:
        raise UsageError(f"The output '{path}' has no frame number; name it like alpha.####.exr.")
    return pattern


def show(tree, shift):
    """Let a node group show the alphas that are on disk.

    Args:
        tree: The node group.
        shift: A file's frame number minus the scene's.

    Returns:
        Frame numbers of files that are missing between the first and the last there is.

    Raises:
        UsageError: There is none at all.
    """
    pattern = output_pattern(tree)
    frames = frames_on_disk(pattern)
    if not frames:
        raise UsageError(f"There is no alpha '{pattern}' yet; press Matte first.")
    first, last = frames[0], frames[-1]
    node = tree.nodes[_ALPHAS]
    node.image = _image(node.image, pattern.path(first), tree)
    node.frame_start, node.frame_offset, node.frame_duration = first - shift, first - 1, last - first + 1
    node.use_auto_refresh = True
    tree.links.new(node.outputs["Alpha"], tree.nodes[_SET_ALPHA].inputs["Alpha"])
    tree.links.new(node.outputs["Alpha"], tree.nodes[_OUTPUT].inputs["Alpha"])
    return sorted(set(range(first, last + 1)).difference(frames))


def _image(image, path, tree):
    """The image sequence that begins at a file; pixels read before are forgotten."""
    if image is None:
        image = bpy.data.images.load(path)
        image.name = tree.name + " alphas"
    image.source = "SEQUENCE"
    image.filepath = bpy.path.relpath(path) if tree.dvm.output.startswith("//") else path
    image.colorspace_settings.name = "Non-Color"
    image.reload()
    return image
