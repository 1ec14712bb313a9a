"""What Blender gets to know of the add-on, and forgets again."""

import bpy

from . import engine, keys, operators, panel, preferences, settings

CLASSES = settings.CLASSES + preferences.CLASSES + keys.CLASSES + operators.CLASSES + panel.CLASSES


def register():
    """Register every class, the settings of a node group, and the entry in the Add menu."""
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    bpy.types.NodeTree.dvm = bpy.props.PointerProperty(type=settings.MatteSettings)
    bpy.types.NODE_MT_add.append(panel.draw_add_menu)


def unregister():
    """Take all of it back, in reverse, and end the engine."""
    engine.stop()
    bpy.types.NODE_MT_add.remove(panel.draw_add_menu)
    del bpy.types.NodeTree.dvm
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
