"""What the scenarios have in common: an empty scene, a DVM Matte in it, a button pressed, a comp rendered."""

import importlib
import os
import shutil
import sys

import bpy

ADDON = "dvm_matte"
SHOT = os.path.abspath(sys.argv[1])
FIRST, LAST = 1001, 1003


def fresh_scene(first=FIRST, last=LAST):
    """A scene with empty compositing nodes, small and without colour management."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = first, last
    scene.render.resolution_x, scene.render.resolution_y = 96, 64
    scene.render.film_transparent = True
    scene.view_settings.view_transform = "Raw"
    if hasattr(scene.render, "compositor_device"):
        scene.render.compositor_device = "CPU"
    addon("compat").compositing_tree(scene, create=True).nodes.clear()
    return scene


def addon(module):
    return sys.modules[f"{ADDON}.{module}"]


def nodes_of(scene):
    return addon("compat").compositing_tree(scene)


def image_node(scene, name, shift=0, last=LAST, ending="exr"):
    """An Image node that shows a sequence's file number F on frame F - shift."""
    node = nodes_of(scene).nodes.new("CompositorNodeImage")
    node.image = bpy.data.images.load(os.path.join(SHOT, f"{name}.{FIRST}.{ending}"))
    node.image.source = "SEQUENCE"
    node.frame_start, node.frame_offset, node.frame_duration = FIRST - shift, FIRST - 1, last - FIRST + 1
    return node


def add_matte(scene, folder, plate=None, **settings):
    """A DVM Matte whose output is alpha.####.exr in the scenario's folder."""
    bpy.ops.dvm.add()
    tree = nodes_of(scene)
    node = tree.nodes.active
    if plate is not None:
        tree.links.new(plate.outputs[0], node.inputs["Plate"])
    settings.setdefault("output", os.path.join(folder, "alpha.####.exr"))
    settings.setdefault("trimap_source", "FILES")
    settings.setdefault("trimap_files", os.path.join(SHOT, "trimap.1001.png"))
    for name, value in settings.items():
        setattr(node.node_tree.dvm, name, value)
    return node


def graded(plate):
    """A node behind an Image node, so that Blender has to render the plate."""
    grade = plate.id_data.nodes.new("CompositorNodeExposure")
    plate.id_data.links.new(plate.outputs[0], grade.inputs["Image"])
    return grade


def render_comp(scene, matte, folder):
    """Render the matte over grey to comp.FRAME.exr, and its alpha alone, for every frame of the scene."""
    tree = nodes_of(scene)
    over = tree.nodes.new("CompositorNodeAlphaOver")
    pictures = [socket for socket in over.inputs if socket.type == "RGBA"]
    pictures[0].default_value = (0.25, 0.5, 0.75, 1)
    tree.links.new(matte.outputs["Image"], pictures[1])
    for frame in range(scene.frame_start, scene.frame_end + 1):
        for name, socket in (("comp", over.outputs[0]), ("shown", matte.outputs["Alpha"])):
            path = os.path.join(folder, f"{name}.{frame:04d}.exr")
            render_still(scene, tree, socket, path)


def render_still(scene, tree, socket, path):
    """By nodes of the test's own, not by the add-on's way to do it."""
    node = tree.nodes.new("CompositorNodeOutputFile")
    folder = path + ".d"
    if hasattr(node, "file_output_items"):
        node.format.media_type = "IMAGE"
        node.directory, node.file_name = folder, "####"
        node.file_output_items.clear()
        node.file_output_items.new("RGBA", "")
    else:
        node.base_path = folder
    node.format.file_format, node.format.color_depth, node.format.exr_codec = "OPEN_EXR", "32", "ZIP"
    tree.links.new(socket, node.inputs[0])
    scene.frame_set(int(path.split(".")[-2]))
    bpy.ops.render.render()
    tree.nodes.remove(node)
    written = os.listdir(folder) if os.path.isdir(folder) else []
    if written:
        os.replace(os.path.join(folder, written[0]), path)
    shutil.rmtree(folder, ignore_errors=True)


class Recorder:
    """In place of the engine: keeps the job and the pictures that Blender made for it."""

    def __init__(self, folder, write=True, warnings=()):
        fake = importlib.import_module(ADDON + ".bridge.fake")
        self._folder, self._write, self._warnings = folder, write, warnings
        self.jobs = []
        self.worker = fake.FakeWorker(answer=self._answer)
        self._succeed, self._protocol = fake.succeed, fake.protocol

    def _answer(self, job):
        self.jobs.append(job.to_dict())
        for warning in self._warnings:
            yield self._protocol.warning(warning)
        for name, pattern in (("plate", job.plate), ("trimap", job.trimap)):
            source = os.path.dirname(pattern)
            if source != SHOT:
                for file in os.listdir(source):
                    if file.startswith(name):
                        shutil.copy(os.path.join(source, file), self._folder)
        for frame in job.frames[: None if self._write else -1]:
            truth = os.path.join(SHOT, f"truth.{frame}.exr")
            shutil.copy(truth, job.output.replace("%04d", f"{frame:04d}"))
        yield from self._succeed(job)


def with_recorder(folder, node, write=True, warnings=(), **options):
    """Press Matte with a recorder in place of the engine; its jobs, or the error's sentence."""
    recorder = Recorder(folder, write, warnings)
    engine = addon("engine")
    real, engine.worker = engine.worker, lambda: recorder.worker
    try:
        return {"error": press(bpy.ops.dvm.matte, node=node.name, **options), "jobs": recorder.jobs}
    finally:
        engine.worker = real


def press(operator, **options):
    """Call an operator; the error that it reported, or ""."""
    try:
        operator(**options)
    except RuntimeError as error:
        return str(error).strip()
    return ""


def alone_and_whole(folder, node, frame):
    """Matte one frame alone, then the range, each to files of its own; the errors."""
    report = {}
    bpy.context.scene.frame_set(frame)
    for name, options in (("alone", {"current_frame": True}), ("whole", {})):
        node.node_tree.dvm.output = os.path.join(folder, f"{name}.####.exr")
        report[name] = press(bpy.ops.dvm.matte, **options)
    return report


def graph(tree):
    """Nodes and links of a tree, to compare."""
    links = [
        [link.from_node.name, link.from_socket.name, link.to_node.name, link.to_socket.name] for link in tree.links
    ]
    return {"nodes": sorted([node.name, node.mute] for node in tree.nodes), "links": sorted(links)}


def mask(name, left, right):
    """A mask that covers a band of the picture's height; coordinates as in the Clip editor."""
    made = bpy.data.masks.new(name)
    spline = made.layers.new(name="layer").splines.new()
    corners = [(left, 0.3), (right, 0.3), (right, 0.7), (left, 0.7)]
    spline.points.add(len(corners) - len(spline.points))
    for point, corner in zip(spline.points, corners, strict=True):
        point.co = corner
        point.handle_type = "VECTOR"
        point.handle_left = point.handle_right = corner
    spline.use_cyclic = True
    return made
