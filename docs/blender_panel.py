"""Photograph the add-on's panel in a real Blender window: `python docs/blender_panel.py`, into docs/images/.

Needs `blender`, `xvfb-run` and `xdotool`; no GPU, for Mesa draws in software. The frames of the demo clip are matted by
the Matte button, in the window, while Blender goes on. Any property that the panel misspells ends the script.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "images" / "blender_panel.png"
WIDTH, HEIGHT = 1400, 900
FRAMES = 3
DONE = "done"
TAB = (1143, 279)
"""Where the sidebar's DVM tab is in that window; this Blender cannot be told to open it."""


def main() -> None:
    """Render the clip, start Blender on a screen of its own, and look through what it said."""
    sys.path[:0] = [str(ROOT / "examples" / "demo"), str(ROOT)]
    from make_clip import make_clip

    from dvm_core.install import lay_out

    with tempfile.TemporaryDirectory(prefix="dvm-panel-") as name:
        folder = Path(name)
        make_clip(folder, count=FRAMES)
        lay_out("blender", folder / "scripts" / "addons" / "dvm_matte")
        environment = {
            **os.environ,
            "BLENDER_USER_SCRIPTS": str(folder / "scripts"),
            "BLENDER_USER_CONFIG": str(folder / "config"),
            "DVM_PYTHON": sys.executable,
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "DVM_PANEL_CLIP": str(folder),
        }
        screen = ["xvfb-run", "-a", "-s", f"-screen 0 {WIDTH}x{HEIGHT}x24 +extension GLX"]
        blender = ["blender", "--factory-startup", "--addons", "dvm_matte", "-p", "0", "0", str(WIDTH), str(HEIGHT)]
        ran = subprocess.run(
            [*screen, *blender, "--python", __file__], env=environment, capture_output=True, text=True, timeout=1800
        )
        came_to_its_end = (folder / DONE).exists()  # the exit code is no help: after Esc, Blender always ends with 1
    said = ran.stdout + ran.stderr
    faults = [line for line in said.splitlines() if "rna_uiItem" in line or "Error" in line or "Traceback" in line]
    if faults or not came_to_its_end:
        raise SystemExit("\n".join(faults) or said)
    sys.stdout.write(f"{PICTURE}\n")


def inside() -> None:
    """In Blender: set the scene, press Matte, wait for the alphas, take the picture."""
    import bpy

    clip = Path(os.environ["DVM_PANEL_CLIP"])
    steps = _steps(bpy, clip)

    def go_on() -> float | None:
        try:
            return next(steps)
        except StopIteration:
            (clip / DONE).touch()
            bpy.ops.wm.quit_blender()
        except Exception as error:
            sys.stderr.write(f"Error: {error!r}\n")
            sys.stderr.flush()
            os._exit(1)
        return None

    bpy.app.timers.register(go_on, first_interval=1)


def _steps(bpy, clip):  # type: ignore[no-untyped-def]
    """Yields seconds to wait before the next step."""
    window = bpy.context.window_manager.windows[0]
    area = max(window.screen.areas, key=lambda area: area.width * area.height)
    area.type, area.ui_type = "NODE_EDITOR", "CompositorNodeTree"
    space = area.spaces.active
    space.show_region_ui = space.show_backdrop = True
    node = _comp(bpy, window.scene, clip)
    yield 2.0
    region = next(region for region in area.regions if region.type == "WINDOW")
    for event in (("mousemove", *map(str, TAB)), ("click", "1"), ("click", "1")):  # the first closes the splash screen
        subprocess.run(["xdotool", *event], check=True)
        yield 1.0
    with bpy.context.temp_override(window=window, screen=window.screen, area=area, region=region):
        bpy.ops.node.view_all()
        bpy.ops.view2d.pan(deltax=0, deltay=270)  # off the face
        bpy.ops.dvm.matte("INVOKE_DEFAULT")
    from dvm_matte.operators import RUNNING

    while RUNNING:
        yield 0.2
    if node.node_tree.nodes["Alphas"].image is None:
        raise RuntimeError("Matte ended without a result")
    window.scene.frame_set(window.scene.frame_start + 1)
    yield 10.0  # the compositor works in the background
    with bpy.context.temp_override(window=window, screen=window.screen, area=area):
        bpy.ops.screen.screenshot_area(filepath=str(PICTURE))
    yield from _other_faces(bpy, node.node_tree.dvm)


def _other_faces(bpy, settings):  # type: ignore[no-untyped-def]
    """Let Blender draw what is not in the picture, too, and press Esc."""
    from dvm_matte.operators import RUNNING

    bpy.ops.dvm.matte("INVOKE_DEFAULT")
    yield 0.5
    (matting, _), *_ = RUNNING.values()
    subprocess.run(["xdotool", "key", "Escape"], check=True)
    while RUNNING:
        yield 0.2
    if not matting.is_cancelled:
        raise RuntimeError("Esc did not cancel")
    settings.propagate, settings.model = True, "file"
    bpy.ops.dvm.key_add()
    for source in ("MASK", "PAINTED", "SOCKET"):
        settings.trimap_source = source
        yield 0.5
    bpy.ops.preferences.addon_show(module="dvm_matte")
    yield 2.0


def _comp(bpy, scene, clip):  # type: ignore[no-untyped-def]
    scene.frame_start, scene.frame_end = 1001, 1000 + FRAMES
    scene.frame_set(scene.frame_start)
    scene.render.resolution_x, scene.render.resolution_y = 960, 540
    scene.view_settings.view_transform = "Standard"
    scene.use_nodes = True
    tree = scene.node_tree
    tree.nodes.clear()
    plate = tree.nodes.new("CompositorNodeImage")
    plate.image = bpy.data.images.load(str(clip / "plate" / "plate.1001.exr"))
    plate.image.source = "SEQUENCE"
    plate.frame_start, plate.frame_offset, plate.frame_duration = 1001, 1000, FRAMES
    plate.label, plate.location = "Plate", (-420, 0)
    tree.nodes.active = plate
    bpy.ops.dvm.add()
    node = tree.nodes.active
    settings = node.node_tree.dvm
    bpy.ops.wm.save_as_mainfile(filepath=str(clip / "shot.blend"))
    settings.trimap_source, settings.trimap_files = "FILES", "//trimap/trimap.1001.png"
    over, viewer = tree.nodes.new("CompositorNodeAlphaOver"), tree.nodes.new("CompositorNodeViewer")
    over.location, viewer.location = (140, 0), (360, 0)
    over.inputs[1].default_value = (0.02, 0.12, 0.3, 1)
    tree.links.new(node.outputs["Image"], over.inputs[2])
    tree.links.new(over.outputs[0], viewer.inputs[0])
    for small in (plate, over, viewer):
        small.hide = True
    return node


if __name__ == "__main__":
    main() if "DVM_PANEL_CLIP" not in os.environ else inside()
