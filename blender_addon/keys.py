"""Trimap keyframes: the frames whose trimap is made by hand."""

import bpy
from bpy.props import EnumProperty

from . import group
from .bridge.errors import DvmError


class _KeyOperator:
    """What the three have in common: they work on the active DVM Matte of the scene."""

    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context):
        """Change the keyframes of the active node."""
        try:
            self.change(context.scene, group.find(context.scene).node_tree.dvm)
        except DvmError as error:
            self.report({"ERROR"}, error.message)
            return {"CANCELLED"}
        return {"FINISHED"}


class DVM_OT_key_add(_KeyOperator, bpy.types.Operator):
    """Make the current frame a keyframe of the trimap"""

    bl_idname = "dvm.key_add"
    bl_label = "Add Keyframe"

    def change(self, scene, settings):
        """Add the frame, in its place; a frame is there once."""
        frame = scene.frame_current
        frames = [key.frame for key in settings.keys]
        if frame not in frames:
            settings.keys.add().frame = frame
            place = sum(other < frame for other in frames)
            settings.keys.move(len(frames), place)
            frames.insert(place, frame)
        settings.active_key = frames.index(frame)


class DVM_OT_key_remove(_KeyOperator, bpy.types.Operator):
    """Remove the selected keyframe of the trimap"""

    bl_idname = "dvm.key_remove"
    bl_label = "Remove Keyframe"

    def change(self, scene, settings):
        """Remove it; an empty list stays as it is."""
        settings.keys.remove(settings.active_key)
        settings.active_key = max(0, min(settings.active_key, len(settings.keys) - 1))


class DVM_OT_key_jump(_KeyOperator, bpy.types.Operator):
    """Go to the next or previous keyframe of the trimap"""

    bl_idname = "dvm.key_jump"
    bl_label = "Jump to Keyframe"

    direction: EnumProperty(
        name="Direction", items=(("NEXT", "Next", "Forward in time"), ("PREVIOUS", "Previous", "Back in time"))
    )

    def change(self, scene, settings):
        """Go there; past the last one nothing happens."""
        now = scene.frame_current
        frames = sorted(key.frame for key in settings.keys)
        if self.direction == "NEXT":
            target = next((frame for frame in frames if frame > now), now)
        else:
            target = next((frame for frame in reversed(frames) if frame < now), now)
        scene.frame_set(target)


CLASSES = (DVM_OT_key_add, DVM_OT_key_remove, DVM_OT_key_jump)
