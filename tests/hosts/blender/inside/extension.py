"""Runs inside Blender: installs the extension as a user does from disk, and looks what Blender says of it.

    python extension.py ZIP FOLDER

FOLDER has the shot; the alphas go there, and what Blender says to `extension.json`.
"""

import json
import os
import sys

import bpy

# isort: split
import addon_utils  # bpy puts it on the path

NAME = "bl_ext.user_default.dvm_matte"


def warnings():
    """What Blender's preferences would show under the extension."""
    addon_utils._is_first_reset()
    return list(addon_utils._extensions_warnings_get().get(NAME, []))


def is_on():
    return NAME in bpy.context.preferences.addons and hasattr(bpy.types, "DVM_PT_matte")


def switch():
    """Off and on again."""
    states = [is_on()]
    bpy.ops.preferences.addon_disable(module=NAME)
    states.append(is_on())
    bpy.ops.preferences.addon_enable(module=NAME)
    return [*states, is_on()]


def matte(shot):
    """One frame, with the engine."""
    scene = bpy.context.scene
    bpy.ops.dvm.add()
    compat = sys.modules[NAME + ".compat"]
    tree = compat.compositing_tree(scene)
    node = tree.nodes.active
    plate = tree.nodes.new("CompositorNodeImage")
    plate.image = bpy.data.images.load(os.path.join(shot, "plate.1001.exr"))
    plate.image.source = "SEQUENCE"
    plate.frame_start, plate.frame_offset, plate.frame_duration = 1001, 1000, 3
    tree.links.new(plate.outputs[0], node.inputs["Plate"])
    settings = node.node_tree.dvm
    settings.trimap_source, settings.trimap_files = "FILES", os.path.join(shot, "trimap.1001.png")
    settings.range, settings.output = "1001", os.path.join(shot, "alpha.####.exr")
    bpy.ops.dvm.matte()
    # A path that the extension put on sys.path is what Blender warns of: see that this look at it would notice.
    sys.path.append(os.path.dirname(sys.modules[NAME].__file__))
    planted = warnings()
    sys.path.pop()
    return planted


def main():
    archive, shot = map(os.path.abspath, sys.argv[1:])
    installed = bpy.ops.extensions.package_install_files(filepath=archive, repo="user_default", enable_on_install=True)
    before = warnings()
    report = {
        "installed": sorted(installed),
        "switched": switch(),
        "planted": matte(shot),
        "warnings": before + warnings(),
    }
    report["preferences"] = type(bpy.context.preferences.addons[NAME].preferences).__name__
    with open(os.path.join(shot, "extension.json"), "w") as stream:
        json.dump(report, stream)


if __name__ == "__main__":
    main()
