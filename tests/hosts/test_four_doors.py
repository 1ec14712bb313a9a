"""One job, four doors: shell, Nuke, Blender and the Fuse give the same alphas to the bit.

Blender is the real one; Nuke and Fusion are the small ones of their own tests, with the real adapters in them.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

HOSTS = Path(__file__).parent
ROOT = HOSTS.parents[1]
sys.path.insert(0, str(HOSTS / "resolve" / "support"))

from fusion_stage import FRAMES, Fusion, read_image, write_shot  # noqa: E402

from dvm_core.install import lay_out  # noqa: E402

BLENDER = ROOT / ".venv-blender-5.0"

_IN_NUKE = """
import os, runpy, sys, types
import fake_nuke, nuke_session
from nuke_stage import Comp
plugin, shot = sys.argv[1:]
sys.modules["nuke"] = fake_nuke
sys.path.append(plugin + "/python")
stage = nuke_session.session
fake_nuke.GUI = True
fake_nuke.scriptClear()
stage.root["name"].setValue(shot + "/nuke/comp.nk")
stage.plugin_path.append(plugin)
for entry in ("init.py", "menu.py"):
    runpy.run_path(os.path.join(plugin, entry))
files = types.SimpleNamespace(
    plate=shot + "/plate.%04d.exr", trimap=shot + "/trimap.%04d.png", frames=range(1001, 1004))
comp = Comp(fake_nuke, stage, files, "lite")
comp.press("matte")
print(comp.status(), comp.output, sep="\\n")
from dvm_nuke import engine
for worker in engine._workers.values():
    worker.stop()
"""

_IN_BLENDER = """
import bpy
from stage import ADDON, SHOT, add_matte, fresh_scene, image_node, press
bpy.ops.preferences.addon_enable(module=ADDON)
scene = fresh_scene()
add_matte(scene, SHOT + "/blender", image_node(scene, "plate"))
print(press(bpy.ops.dvm.matte) or "done")
"""


@pytest.fixture(scope="module")
def shot(tmp_path_factory):
    folder = tmp_path_factory.mktemp("doors") / "shot"
    write_shot(folder)
    for door in ("nuke", "blender"):
        (folder / door).mkdir()
    return folder


@pytest.fixture
def environment(shot, monkeypatch):
    """What every door's engine has in common: "to the bit" is at equal threads."""
    for name in [name for name in os.environ if name.startswith(("DVM_", "BLENDER_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("DVM_PYTHON", sys.executable)
    monkeypatch.setenv("HOME", str(shot))


def run(*command, path=()):
    """What a process printed, line by line."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))}
    ran = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, timeout=300, env=environment, cwd=ROOT
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.splitlines()


def alphas(pattern):
    return np.stack([read_image(pattern % frame)[1] for frame in FRAMES])


@pytest.fixture(scope="module")
def from_shell(shot):
    """What `dvm matte` makes in a shell, (T, H, W, 1) float32."""
    pattern = f"{shot}/shell.%04d.exr"
    files = (f"{shot}/plate.%04d.exr", "--trimap", f"{shot}/trimap.%04d.png", "-o", pattern)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        run(sys.executable, "-m", "dvm_core.cli", "matte", *files, "--quiet", path=[ROOT])
    made = alphas(pattern)
    assert 0 < made.mean() < 1
    return made


def through_nuke(shot):
    pytest.importorskip("tkinter", reason="gizmos are read by Python's own Tcl")
    plugin = shot.parent / "nuke_plugin"
    lay_out("nuke", plugin)
    said, output = run(sys.executable, "-c", _IN_NUKE, plugin, shot, path=[HOSTS / "nuke" / "support", ROOT])[-2:]
    assert said == "3 of 3 frames are matted."
    return output


def through_blender(shot):
    if not (BLENDER / "installed").exists():
        pytest.skip("Blender 5.0 is not installed here; `make hosts` does that where its Python is found")
    scripts = shot.parent / "blender"
    lay_out("blender", scripts / "addons" / "dvm_matte")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BLENDER_USER_SCRIPTS", str(scripts))
        patch.setenv("BLENDER_USER_RESOURCES", str(shot.parent / "blender_user"))
        said = run(BLENDER / "bin" / "python", "-c", _IN_BLENDER, shot, path=[HOSTS / "blender" / "inside"])
    assert said[-1] == "done"
    return f"{shot}/blender/alpha.%04d.exr"


def through_fusion(shot):
    lupa = pytest.importorskip("lupa.luajit21")
    user = shot.parent / "Fusion"
    lay_out("resolve", user)
    tool = Fusion(lupa, user).add_tool(folder=shot)
    output = f"{shot}/fusion.%04d.exr"
    tool.set(PlateFiles=f"{shot}/plate.1001.exr", TrimapFiles=f"{shot}/trimap.1001.png", AlphaFiles=output)
    tool.press("Matte")
    deadline = time.monotonic() + 300
    while tool.press("Refresh").startswith(("The engine is starting", "Matting")):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert tool.value("Status") == "Done: 3 frames."
    return output


@pytest.mark.host
@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("door", [through_nuke, through_blender, through_fusion], ids=["nuke", "blender", "fusion"])
def test_every_door_gives_the_alphas_of_the_shell(door, shot, from_shell):
    np.testing.assert_array_equal(alphas(door(shot)).view(np.uint32), from_shell.view(np.uint32))
