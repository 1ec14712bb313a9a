"""Preferences: where the engine is, and whether it answers."""

import bpy
from bpy.props import StringProperty

from .compat import FILE_OPTIONS


class MattePreferences(bpy.types.AddonPreferences):
    """Where the engine is."""

    bl_idname = __package__

    python: StringProperty(
        name="Engine",
        description="Python that dvm-core is installed in; empty: $DVM_PYTHON, or what `dvm install blender` wrote",
        subtype="FILE_PATH",
        options=FILE_OPTIONS,
    )
    answer: StringProperty(options={"SKIP_SAVE", "HIDDEN"})

    def draw(self, context):
        """The path, the Test button, and what came of it."""
        row = self.layout.row(align=True)
        row.prop(self, "python")
        row.operator("dvm.test_engine", text="Test")
        if self.answer:
            self.layout.label(text=self.answer)


def get():
    """The add-on's preferences; None where it runs without being enabled in them."""
    addon = bpy.context.preferences.addons.get(__package__)
    return None if addon is None else addon.preferences


def engine_python():
    """The engine's Python as the user set it, or ""."""
    own = get()
    return bpy.path.abspath(own.python) if own is not None and own.python else ""


CLASSES = (MattePreferences,)
