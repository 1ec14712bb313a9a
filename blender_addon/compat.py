"""Where Blender's versions differ; every other file is written as if there were one Blender.

4.2 and 4.5 have the scene's own node tree and options that are a node's properties. 5.0 and 5.2 have the compositor as
a node group, options that are sockets, and a File Output node of another make.
"""

import bpy

MULTILAYER = "MULTILAYER"
FILE_NAME = "frame"

FILE_OPTIONS = {"PATH_SUPPORTS_BLEND_RELATIVE"} if bpy.app.version >= (4, 5, 0) else set()
"""Options of a property that holds a path which may begin with `//`, the .blend file's folder."""

RENDER_FOR_FILES = {"compositor_device": "CPU", "compositor_precision": "FULL"}
"""Settings that a render has which must be exact and need no display; not every version has each."""


def compositing_tree(scene, create=False):
    """The scene's compositing nodes; None if it has none and none shall be made."""
    if hasattr(scene, "compositing_node_group"):
        if scene.compositing_node_group is None and create:
            scene.compositing_node_group = bpy.data.node_groups.new("Compositing", "CompositorNodeTree")
        return scene.compositing_node_group
    if create:
        scene.use_nodes = True
    return scene.node_tree if scene.use_nodes else None


def new_socket(tree, name, in_out, kind):
    """Give a node group an input or output, such as `NodeSocketColor`."""
    if hasattr(tree, "interface"):
        return tree.interface.new_socket(name, in_out=in_out, socket_type=kind)
    return (tree.inputs if in_out == "INPUT" else tree.outputs).new(kind, name)


def math_node(tree, operation):
    """A Math node; 5.0 shares the shader's."""
    kind = "CompositorNodeMath" if hasattr(bpy.types, "CompositorNodeMath") else "ShaderNodeMath"
    node = tree.nodes.new(kind)
    node.operation = operation
    return node


def mask_node(tree, mask, size):
    """A Mask node that draws at `size` (width, height), whatever the render's resolution."""
    node = tree.nodes.new("CompositorNodeMask")
    node.mask = mask
    _set(node, "size_source", "FIXED", "Size Source", "Fixed")
    _set(node, "size_x", size[0], "Size X")
    _set(node, "size_y", size[1], "Size Y")
    return node


def dilate_node(tree, pixels):
    """A node that widens a mask by a disc of that radius; it shrinks it if negative."""
    node = tree.nodes.new("CompositorNodeDilateErode")
    _set(node, "mode", "DISTANCE", "Type", "Distance")
    _set(node, "distance", pixels, "Size")
    return node


def set_alpha_node(tree):
    """A Set Alpha node that multiplies the colour, too."""
    node = tree.nodes.new("CompositorNodeSetAlpha")
    _set(node, "mode", "APPLY", "Type", "Apply Mask")
    return node


def file_output(tree, folder, colour):
    """A File Output node that writes 32-bit EXR files into a folder, and its one input.

    Args:
        tree: Where the node goes.
        folder: The folder; a file's name is not promised.
        colour: Whether RGBA is written; else one channel.
    """
    node = tree.nodes.new("CompositorNodeOutputFile")
    if hasattr(node, "file_output_items"):
        node.format.media_type = "IMAGE"
        node.directory, node.file_name = folder, FILE_NAME + ".####"
        node.file_output_items.clear()
        node.file_output_items.new("RGBA" if colour else "FLOAT", "")
    else:
        node.base_path = folder
        node.file_slots.clear()
        node.file_slots.new(FILE_NAME + ".")
    _as_linear_float(node.format, colour)
    return node, node.inputs[0]


def _as_linear_float(image_format, colour):
    image_format.file_format = "OPEN_EXR"
    image_format.color_depth = "32"
    image_format.exr_codec = "ZIP"
    image_format.color_mode = "BW" if not colour and _takes(image_format, "BW") else "RGBA"
    # What the scene's own files are converted to must not reach these: scene-linear light is what the engine expects.
    image_format.color_management = "OVERRIDE"


def _takes(image_format, mode):
    try:
        image_format.color_mode = mode
    except TypeError:
        return False
    return True


def _set(node, attribute, value, socket, socket_value=None):
    """Set an option of a node that is a socket in later versions."""
    if socket in node.inputs:
        node.inputs[socket].default_value = value if socket_value is None else socket_value
    else:
        setattr(node, attribute, value)
