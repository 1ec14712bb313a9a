"""The buttons of a DVM Matte."""

import functools

import bpy
from bpy.props import BoolProperty, StringProperty

from . import engine, group, preferences
from .bridge.errors import DvmError
from .bridge.frames import format_range
from .bridge.protocol import in_one_line
from .matting import Matting
from .plate import file_plate, plate_source
from .stepping import Stepping

RUNNING = {}
"""Node groups that are being matted, by name: each one's `Matting` and its last `Progress`."""


def _told(execute):
    """Let an operator's faults be told to the artist, and end it as cancelled."""

    @functools.wraps(execute)
    def told(self, context):
        try:
            return execute(self, context)
        except DvmError as error:
            self.report({"ERROR"}, error.message)
            return {"CANCELLED"}

    return told


class DVM_OT_add(bpy.types.Operator):
    """Add a DVM Matte behind the active node"""

    bl_idname = "dvm.add"
    bl_label = "Add DVM Matte"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context):
        """Add it."""
        group.add_node(context.scene)
        return {"FINISHED"}


class DVM_OT_matte(Stepping, bpy.types.Operator):
    """Matte the range, and show the alphas in the node; Esc cancels"""

    bl_idname = "dvm.matte"
    bl_label = "Matte"
    bl_options = {"REGISTER", "UNDO"}

    node: StringProperty(
        name="Node", description="Name of the DVM Matte; empty for the active one", options={"SKIP_SAVE"}
    )
    current_frame: BoolProperty(name="Current frame", description="This frame alone", options={"SKIP_SAVE"})

    def begin(self, context):
        """Check that there is something to matte."""
        node = group.find(context.scene, self.node)
        self._key = node.node_tree.name
        if self._key in RUNNING:
            raise DvmError(f"'{self._key}' is being matted already; wait, or cancel that first.")
        only = context.scene.frame_current if self.current_frame else None
        self._matting = Matting(context.scene, node.name, engine.worker(), only)
        RUNNING[self._key] = (self._matting, None)
        return self._steps_told()

    def _steps_told(self):
        yield from self._matting.steps()
        if self._matting.warnings:
            self.report({"WARNING"}, in_one_line(self._matting.warnings))

    def show(self, context, progress):
        """Into the status bar and the panel."""
        RUNNING[self._key] = (self._matting, progress)
        count = f" {progress.done} of {progress.total}" if progress.total else ""
        context.workspace.status_text_set(f"DVM Matte: {progress.message}{count}    Esc cancels")
        _redraw(context)

    def ask_to_stop(self):
        """The engine stops within a frame."""
        self._matting.cancel()

    def end(self, context):
        """The status bar is Blender's again."""
        matting = getattr(self, "_matting", None)
        if matting is not None and RUNNING.get(self._key, (None,))[0] is matting:
            del RUNNING[self._key]
        if context.workspace is not None:
            context.workspace.status_text_set(None)
            _redraw(context)


class DVM_OT_cancel(bpy.types.Operator):
    """Stop within a frame; finished frames stay"""

    bl_idname = "dvm.cancel"
    bl_label = "Cancel"

    node: StringProperty(name="Node", options={"SKIP_SAVE"})

    @_told
    def execute(self, context):
        """Ask the running one to stop."""
        running = RUNNING.get(group.find(context.scene, self.node).node_tree.name)
        if running is None:
            return {"CANCELLED"}
        running[0].cancel()
        return {"FINISHED"}


class DVM_OT_reload(bpy.types.Operator):
    """Look again at which alphas are on disk, and show them"""

    bl_idname = "dvm.reload"
    bl_label = "Reload"
    bl_options = {"REGISTER", "UNDO"}

    node: StringProperty(name="Node", options={"SKIP_SAVE"})

    @_told
    def execute(self, context):
        """Show them, and name those that are missing."""
        node = group.find(context.scene, self.node)
        plate = file_plate(plate_source(node))
        missing = group.show(node.node_tree, 0 if plate is None else plate.shift)
        if missing:
            self.report({"WARNING"}, f"Alphas of frames {format_range(missing)} are missing.")
        return {"FINISHED"}


class DVM_OT_plate_range(bpy.types.Operator):
    """Take every frame that the plate has"""

    bl_idname = "dvm.plate_range"
    bl_label = "Plate's Range"
    bl_options = {"REGISTER", "UNDO"}

    node: StringProperty(name="Node", options={"SKIP_SAVE"})

    @_told
    def execute(self, context):
        """Fill in the range."""
        node = group.find(context.scene, self.node)
        plate = file_plate(plate_source(node))
        # What Blender renders has no range of its own: the scene's counts.
        frames = () if plate is None else [frame - plate.shift for frame in plate.frames]
        node.node_tree.dvm.range = format_range(frames)
        return {"FINISHED"}


class DVM_OT_test_engine(Stepping, bpy.types.Operator):
    """Start the engine and ask what it is"""

    bl_idname = "dvm.test_engine"
    bl_label = "Test Engine"

    def begin(self, context):
        """Start it in the background."""
        return self._answers()

    def _answers(self):
        own = preferences.get()
        try:
            for hello in engine.hello():
                if hello is None:
                    yield None
            answer = "Engine {} on {}".format(hello["version"], hello["device"])
        except DvmError as error:
            answer = error.message
            raise
        finally:
            if own is not None:
                own.answer = answer
        self.report({"INFO"}, answer)


def _redraw(context):
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "NODE_EDITOR":
                area.tag_redraw()


CLASSES = (
    DVM_OT_add,
    DVM_OT_matte,
    DVM_OT_cancel,
    DVM_OT_reload,
    DVM_OT_plate_range,
    DVM_OT_test_engine,
)
