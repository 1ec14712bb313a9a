"""The panel in the compositor's sidebar, and the entry in its Add menu."""

import bpy

from . import compat, group, operators


class DVM_UL_keys(bpy.types.UIList):
    """The keyframes of a trimap, each with its painted image where that is the source."""

    def draw_item(self, context, layout, data, item, icon, active_data):
        """One keyframe."""
        row = layout.row(align=True)
        row.prop(item, "frame", text="", emboss=False)
        if data.trimap_source == "PAINTED":
            row.template_ID(item, "image", new="image.new", open="image.open")


class DVM_PT_matte(bpy.types.Panel):
    """Everything about the active DVM Matte."""

    bl_idname = "DVM_PT_matte"
    bl_label = "DVM Matte"
    bl_space_type = "NODE_EDITOR"
    bl_region_type = "UI"
    bl_category = "DVM"

    @classmethod
    def poll(cls, context):
        """In the compositor alone."""
        return context.space_data.tree_type == "CompositorNodeTree"

    def draw(self, context):
        """The active node's settings, from its plate down to the button."""
        tree = compat.compositing_tree(context.scene)
        node = None if tree is None else tree.nodes.active
        layout = self.layout
        if not group.is_matte(node):
            layout.label(text="Select a DVM Matte, or add one.")
            layout.operator("dvm.add", icon="ADD")
            return
        layout.use_property_split = True
        layout.use_property_decorate = False
        settings = node.node_tree.dvm
        if node.node_tree.users > 1:
            layout.template_ID(node, "node_tree")
        _draw_engine(layout, settings)
        _draw_trimap(layout, settings)
        _draw_output(layout, settings)
        _draw_buttons(layout, node)


def _draw_engine(layout, settings):
    column = layout.column()
    column.prop(settings, "model")
    if settings.model == "file":
        column.prop(settings, "model_file")
    column.prop(settings, "device")
    column.prop(settings, "full_size")
    row = column.row(align=True)
    row.prop(settings, "range")
    row.operator("dvm.plate_range", text="", icon="PREVIEW_RANGE")


def _draw_trimap(layout, settings):
    column = layout.column()
    column.prop(settings, "trimap_source")
    if settings.trimap_source == "MASK":
        column.prop(settings, "mask_outer")
        column.prop(settings, "mask_inner")
        if settings.mask_inner is None:
            column.prop(settings, "band")
    elif settings.trimap_source == "FILES":
        column.prop(settings, "trimap_files")
    column.prop(settings, "propagate")
    if settings.trimap_source == "PAINTED" or (settings.propagate and settings.trimap_source != "FILES"):
        _draw_keys(layout, settings)


def _draw_keys(layout, settings):
    row = layout.row()
    row.template_list("DVM_UL_keys", "", settings, "keys", settings, "active_key", rows=3)
    column = row.column(align=True)
    column.operator("dvm.key_add", text="", icon="ADD")
    column.operator("dvm.key_remove", text="", icon="REMOVE")
    column.operator("dvm.key_jump", text="", icon="PREV_KEYFRAME").direction = "PREVIOUS"
    column.operator("dvm.key_jump", text="", icon="NEXT_KEYFRAME").direction = "NEXT"


def _draw_output(layout, settings):
    column = layout.column()
    column.prop(settings, "output")
    column.prop(settings, "corrected")
    column.prop(settings, "resume")


def _draw_buttons(layout, node):
    running = operators.RUNNING.get(node.node_tree.name)
    if running is not None:
        _draw_progress(layout, running[1])
        layout.operator("dvm.cancel", icon="CANCEL").node = node.name
        return
    column = layout.column(align=True)
    button = column.operator("dvm.matte", icon="RENDER_ANIMATION")
    button.node = node.name
    button = column.operator("dvm.matte", text="Matte Current Frame", icon="RENDER_STILL")
    button.node, button.current_frame = node.name, True
    column.operator("dvm.reload", icon="FILE_REFRESH").node = node.name


def _draw_progress(layout, progress):
    if progress is None or not progress.total:
        layout.label(text="Starting" if progress is None else progress.message)
    elif hasattr(layout, "progress"):
        text = f"{progress.message}, {progress.done} of {progress.total}"
        layout.progress(factor=progress.done / progress.total, text=text)
    else:
        layout.label(text=f"{progress.message}, {progress.done} of {progress.total}")


def draw_add_menu(menu, context):
    """The entry in the compositor's Add menu."""
    if context.space_data.tree_type == "CompositorNodeTree":
        menu.layout.operator("dvm.add", text="DVM Matte")


CLASSES = (DVM_UL_keys, DVM_PT_matte)
