"""What an artist does with DVM Matte, once for each; each returns what it saw, and what is right is decided outside."""

import os
import shutil
import time

import bpy
from stage import (
    ADDON,
    SHOT,
    add_matte,
    addon,
    alone_and_whole,
    fresh_scene,
    graded,
    graph,
    image_node,
    mask,
    nodes_of,
    press,
    render_comp,
    with_recorder,
)

SCENARIOS = {}


def scenario(function):
    SCENARIOS[function.__name__] = function
    return function


@scenario
def sequence(folder):
    scene = fresh_scene()
    node = add_matte(scene, folder, image_node(scene, "plate"))
    before = scene.frame_current
    report = {"error": press(bpy.ops.dvm.matte), "frame before": before, "frame": scene.frame_current}
    report["folder"] = sorted(os.listdir(folder))
    render_comp(scene, node, folder)
    return report


@scenario
def shifted_sequence(folder):
    scene = fresh_scene(1, 3)
    node = add_matte(scene, folder, image_node(scene, "plate", shift=1000), range="2")
    error = press(bpy.ops.dvm.matte)
    scene.frame_start = scene.frame_end = 2
    render_comp(scene, node, folder)
    bpy.ops.dvm.plate_range()
    return {"error": error, "plate range": node.node_tree.dvm.range}


@scenario
def movie_clip(folder):
    scene = fresh_scene(11, 13)
    clip = bpy.data.movieclips.load(os.path.join(SHOT, "plate.1001.exr"))
    clip.frame_start = 11
    plate = nodes_of(scene).nodes.new("CompositorNodeMovieClip")
    plate.clip = clip
    node = add_matte(scene, folder, plate)
    error = press(bpy.ops.dvm.matte)
    render_comp(scene, node, folder)
    return {"error": error}


@scenario
def movie(folder):
    """A movie in an Image node, from frame 101 of the scene on."""
    scene = fresh_scene(101, 103)
    plate = nodes_of(scene).nodes.new("CompositorNodeImage")
    plate.image = bpy.data.images.load(os.path.join(SHOT, "movie.mkv"))
    plate.frame_start, plate.frame_duration = 101, 3
    node = add_matte(scene, folder, plate, trimap_files=os.path.join(SHOT, "movie.0001.png"))
    report = {"error": press(bpy.ops.dvm.matte)}
    render_comp(scene, node, folder)
    bpy.ops.dvm.plate_range()
    return dict(report, range=node.node_tree.dvm.range)


@scenario
def colour_spaces(folder):
    """Which of them the engine reads itself, and what it is told."""
    scene = fresh_scene()
    plate = image_node(scene, "plate")
    node = add_matte(scene, folder, plate, range="1001")
    nodes_of(scene).nodes.active = None
    report = {"known": addon("plate").COLOUR_SPACES}
    for name in ("ACEScg", "Filmic Log"):
        plate.image.colorspace_settings.name = name
        answer = with_recorder(folder, node)
        report[name] = [answer["error"], answer["jobs"][0]["settings"]["colorspace"], answer["jobs"][0]["plate"]]
    return report


@scenario
def any_socket(folder):
    """Graded upstream; a File Output of the artist's own must not write, nor the frame, nodes and links change."""
    scene = fresh_scene()
    tree = nodes_of(scene)
    plate = image_node(scene, "plate")
    grade = graded(plate)
    grade.inputs["Exposure"].default_value = 1
    theirs = tree.nodes.new("CompositorNodeOutputFile")
    if hasattr(theirs, "directory"):
        theirs.directory = os.path.join(folder, "theirs")
        theirs.file_output_items.new("RGBA", "x")
    else:
        theirs.base_path = os.path.join(folder, "theirs")
    tree.links.new(plate.outputs[0], theirs.inputs[0])
    node = add_matte(scene, folder, grade)
    scene.frame_set(1002)
    before, settings = graph(tree), [scene.render.use_sequencer, scene.frame_current]
    error = press(bpy.ops.dvm.matte)
    after = graph(tree)
    report = {
        "error": error,
        "same graph": before == after,
        "same settings": settings == [scene.render.use_sequencer, scene.frame_current],
        "theirs": os.path.exists(os.path.join(folder, "theirs")),
        "folder": sorted(os.listdir(folder)),
    }
    tree.nodes.remove(theirs)
    render_comp(scene, node, folder)
    return report


@scenario
def resumed(folder):
    """A plate that Blender has to render, matted again after a second, in which nothing has changed."""
    scene = fresh_scene()
    grade = graded(image_node(scene, "plate"))
    add_matte(scene, folder, grade, resume=True)
    errors, files = [], []
    for pause in (1, 0):
        errors.append(press(bpy.ops.dvm.matte))
        files.append([os.stat(os.path.join(folder, name)).st_mtime_ns for name in sorted(os.listdir(folder))])
        time.sleep(pause)
    return {"errors": errors, "count": len(files[0]), "kept": files[0] == files[1]}


@scenario
def trimap_socket(folder):
    scene = fresh_scene()
    trimap = image_node(scene, "trimap")
    node = add_matte(scene, folder, image_node(scene, "plate"), trimap_source="SOCKET")
    nodes_of(scene).links.new(trimap.outputs[0], node.inputs["Trimap"])
    return {"error": press(bpy.ops.dvm.matte)}


@scenario
def masks(folder):
    scene = fresh_scene()
    node = add_matte(scene, folder, image_node(scene, "plate"), trimap_source="MASK", range="1001")
    node.node_tree.dvm.mask_outer = mask("outer", 0.2, 0.8)
    node.node_tree.dvm.mask_inner = mask("inner", 0.4, 0.6)
    return with_recorder(folder, node)


@scenario
def one_mask(folder):
    scene = fresh_scene()
    node = add_matte(scene, folder, image_node(scene, "plate"), trimap_source="MASK", range="1001", band=6)
    node.node_tree.dvm.mask_outer = mask("outer", 0.2, 0.8)
    return with_recorder(folder, node)


@scenario
def painted(folder):
    scene = fresh_scene()
    node = add_matte(scene, folder, image_node(scene, "plate"), trimap_source="PAINTED", propagate=True)
    settings = node.node_tree.dvm
    for frame, value in ((1003, 1.0), (1001, 0.5)):
        scene.frame_set(frame)
        bpy.ops.dvm.key_add()
        image = bpy.data.images.new(f"paint {frame}", 96, 64, float_buffer=True)
        image.pixels = [value, value, value, 1] * (96 * 64)
        settings.keys[settings.active_key].image = image
    return dict(with_recorder(folder, node), keys=[key.frame for key in settings.keys])


@scenario
def propagated(folder):
    """A plate that Blender has to render, keys on two of its frames: one frame alone, then all of them."""
    scene = fresh_scene(1001, 1012)
    grade = graded(image_node(scene, "long", last=1100))
    settings = {"trimap_files": os.path.join(SHOT, "key.1001.png"), "propagate": True}
    return alone_and_whole(folder, add_matte(scene, folder, grade, **settings), 1005)


@scenario
def corrected(folder):
    """Plate and trimap that Blender has to render, the first and last frame put right: one of them alone, then all."""
    scene = fresh_scene(1001, 1024)
    grade = graded(image_node(scene, "long", last=1100))
    trimap = image_node(scene, "long", last=1100, ending="png")
    settings = {"trimap_source": "SOCKET", "corrected": os.path.join(SHOT, "fixed.1001.exr")}
    node = add_matte(scene, folder, grade, **settings)
    nodes_of(scene).links.new(trimap.outputs[0], node.inputs["Trimap"])
    return alone_and_whole(folder, node, 1012)


@scenario
def corrected_at_other_frames(folder):
    """Masks for a sequence whose file 1001 is shown at frame 1 of the scene, corrected beyond the scene's range."""
    scene = fresh_scene(1, 3)
    plate = image_node(scene, "long", shift=1000, last=1100)
    pattern = os.path.join(SHOT, "fixed.####.exr")
    node = add_matte(scene, folder, plate, trimap_source="MASK", corrected=pattern)
    node.node_tree.dvm.mask_outer = mask("outer", 0.2, 0.8)
    scene.frame_set(2)
    return with_recorder(folder, node, current_frame=True)


@scenario
def keyframes(folder):
    """Add twice, jump both ways, remove."""
    scene = fresh_scene()
    node = add_matte(scene, folder, image_node(scene, "plate"))
    for frame in (1003, 1001, 1001, 1002):
        scene.frame_set(frame)
        bpy.ops.dvm.key_add()
    keys = node.node_tree.dvm.keys
    report = {"added": [key.frame for key in keys]}
    bpy.ops.dvm.key_jump(direction="NEXT")
    bpy.ops.dvm.key_jump(direction="NEXT")
    report["next"] = scene.frame_current
    bpy.ops.dvm.key_jump(direction="PREVIOUS")
    report["previous"] = scene.frame_current
    bpy.ops.dvm.key_remove()
    report["left"] = [key.frame for key in keys]
    return report


@scenario
def current_frame(folder):
    scene = fresh_scene()
    node = add_matte(scene, folder, image_node(scene, "plate"), resume=True)
    scene.frame_set(1002)
    return with_recorder(folder, node, current_frame=True)


@scenario
def missing_result(folder):
    """The engine says done, but the last frame is not there; then one in the middle is lost."""
    scene = fresh_scene()
    node = add_matte(scene, folder, image_node(scene, "plate"))
    report = with_recorder(folder, node, write=False)
    with_recorder(folder, node)
    os.remove(os.path.join(folder, "alpha.1002.exr"))
    report["missing"] = addon("group").show(node.node_tree, 0)
    report["reload"] = press(bpy.ops.dvm.reload)
    return report


@scenario
def warned(folder):
    """The engine warned twice before its first frame."""
    scene = fresh_scene()
    node = add_matte(scene, folder, image_node(scene, "plate"))
    return with_recorder(folder, node, warnings=("The plate has a gap.", "Frame 1002 is read again."))


@scenario
def missing_plate(folder):
    """Blender renders nothing for a frame whose picture is not there."""
    scene = fresh_scene(1001, 1004)
    tree = nodes_of(scene)
    grade = graded(image_node(scene, "gap"))
    node = add_matte(scene, folder, grade)
    before = graph(tree)
    report = with_recorder(folder, node)
    return dict(report, **{"same graph": graph(tree) == before, "folder": os.listdir(folder)})


@scenario
def cancel(folder):
    """Stopped after the first frame, as Esc does it."""
    scene = fresh_scene(1001, 1100)
    node = add_matte(
        scene, folder, image_node(scene, "long", last=1100), trimap_files=os.path.join(SHOT, "long.1001.png")
    )
    matting = addon("matting").Matting(scene, node.name, addon("engine").worker())
    try:
        for progress in matting.steps():
            if progress.done:
                matting.cancel()
    except addon("bridge.errors").Cancelled as error:
        return {"error": error.message, "folder": sorted(os.listdir(folder))}
    return {"error": "", "folder": sorted(os.listdir(folder))}


@scenario
def engine_fault(folder):
    """A trimap that is not there: the engine's own sentence reaches the artist."""
    scene = fresh_scene()
    add_matte(scene, folder, image_node(scene, "plate"), trimap_files=os.path.join(SHOT, "nothing.####.png"))
    return {"error": press(bpy.ops.dvm.matte)}


@scenario
def what_is_missing_is_said(folder):
    report = {}
    scene = fresh_scene()
    report["no node"] = press(bpy.ops.dvm.matte)
    node = add_matte(scene, folder)
    report["no plate"] = press(bpy.ops.dvm.matte)
    nodes_of(scene).links.new(image_node(scene, "plate").outputs[0], node.inputs["Plate"])
    node.node_tree.dvm.output = "//alpha.####.exr"
    report["unsaved"] = press(bpy.ops.dvm.matte)
    node.node_tree.dvm.output = os.path.join(folder, "alpha.exr")
    report["no number"] = press(bpy.ops.dvm.matte)
    node.node_tree.dvm.output = os.path.join(folder, "alpha.####.exr")
    shutil.copy(os.path.join(SHOT, "truth.1001.exr"), os.path.join(folder, "alpha.1001.exr"))
    for name, file in (("corrected is output", "alpha.1001.exr"), ("no corrected", "nothing.####.exr")):
        node.node_tree.dvm.corrected = os.path.join(folder, file)
        report[name] = press(bpy.ops.dvm.matte)
    node.node_tree.dvm.corrected = ""
    for source in ("MASK", "PAINTED", "SOCKET"):
        node.node_tree.dvm.trimap_source = source
        report[source] = press(bpy.ops.dvm.matte)
    node.node_tree.dvm.range = "3-1"
    report["range"] = press(bpy.ops.dvm.matte)
    return report


@scenario
def saved_and_reopened(folder):
    """Paths beside the .blend file; a copy has a file name of its own."""
    scene = fresh_scene()
    node = add_matte(scene, folder, image_node(scene, "plate"), output="//mattes/{node}.####.exr")
    blend = os.path.join(folder, "shot.blend")
    bpy.ops.wm.save_as_mainfile(filepath=blend)
    report = with_recorder(folder, node)
    copy = node.node_tree.copy()
    report["outputs"] = [str(addon("group").output_pattern(tree)) for tree in (node.node_tree, copy)]
    bpy.ops.wm.save_as_mainfile(filepath=blend)
    bpy.ops.wm.open_mainfile(filepath=blend)
    node = addon("group").find(bpy.context.scene)
    report["image"] = node.node_tree.nodes["Alphas"].image.filepath
    render_comp(bpy.context.scene, node, folder)
    return report


@scenario
def engine_button(folder):
    fresh_scene()
    own = bpy.context.preferences.addons[ADDON].preferences
    error = press(bpy.ops.dvm.test_engine)
    report = {"error": error, "answer": own.answer}
    own.python = os.path.join(folder, "no-python")
    report["wrong"] = press(bpy.ops.dvm.test_engine)
    own.python = ""
    return report


@scenario
def on_and_off(folder):
    """Off ends the engine; nothing is left behind, and on works again."""
    fresh_scene()
    worker = addon("engine").worker()
    worker.start()
    report = {"ran": worker.pid is not None}
    bpy.ops.preferences.addon_disable(module=ADDON)
    report["runs on"] = worker.pid is not None
    report["left behind"] = [name for name in ("dvm",) if hasattr(bpy.types.NodeTree, name)]
    report["left behind"] += [name for name in dir(bpy.types) if name.startswith("DVM_")]
    bpy.ops.preferences.addon_enable(module=ADDON)
    report["back"] = hasattr(bpy.types, "DVM_PT_matte") and hasattr(bpy.types.NodeTree, "dvm")
    return report
