"""The extension, as Blender's own tool builds it and as a user installs it from disk."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from dvm_core.install import lay_out

pytestmark = pytest.mark.host
ADDON = Path(__file__).resolve().parents[3] / "blender_addon"
INSIDE = Path(__file__).parent / "inside"


def blenders_tool(python, *arguments):
    """Blender's tool for extensions; it needs no Blender to run."""
    (tool,) = python.parent.parent.glob(
        "lib/python3*/site-packages/bpy/*/scripts/addons_core/bl_pkg/cli/blender_ext.py"
    )
    ran = subprocess.run([python, tool, *arguments], capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.fixture
def extension(blender_python, tmp_path):
    """The extension's archive, checked and built."""
    package = tmp_path / "package"
    lay_out("blender", package)
    blenders_tool(blender_python, "validate", package)
    blenders_tool(blender_python, "build", "--source-dir", package, "--output-dir", tmp_path)
    (archive,) = tmp_path.glob("*.zip")
    blenders_tool(blender_python, "validate", archive)
    return archive


def test_the_archive_has_the_bridge_and_nothing_compiled(extension):
    names = zipfile.ZipFile(extension).namelist()
    assert "bridge/client.py" in names
    assert not [name for name in names if "__pycache__" in name]


def test_a_user_installs_it_and_mattes_without_a_policy_warning(extension, blender_python, shot, environment, shell):
    ran = subprocess.run(
        [blender_python, INSIDE / "extension.py", extension, shot.folder],
        capture_output=True,
        text=True,
        timeout=300,
        env=environment,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    report = json.loads((shot.folder / "extension.json").read_text())
    assert report["installed"] == ["FINISHED"]
    assert report["switched"] == [True, False, True]
    assert report["warnings"] == []
    assert "Policy violation with sys.path" in report["planted"][0]
    assert report["preferences"] == "MattePreferences"
    assert "Traceback" not in ran.stdout + ran.stderr
    assert (shot.read("alpha.1001.exr") == shell["plate", 1001]).all()


def test_both_ways_to_install_it_have_one_version():
    tomllib = pytest.importorskip("tomllib", reason="Python 3.10 reads no TOML")
    manifest = tomllib.loads((ADDON / "blender_manifest.toml").read_text(encoding="utf-8"))
    namespace = {}
    exec((ADDON / "__init__.py").read_text(encoding="utf-8"), namespace)
    legacy = namespace["bl_info"]
    assert ".".join(map(str, legacy["version"])) == manifest["version"]
    assert legacy["name"] == manifest["name"]
    assert ".".join(map(str, legacy["blender"])) == manifest["blender_version_min"]


def test_blender_finds_it_where_dvm_install_puts_it(blender_python, tmp_path, environment):
    dvm = [sys.executable, "-c", "from dvm_core.cli import main; main()", "install", "blender"]
    Path(environment["BLENDER_USER_RESOURCES"]).mkdir()
    subprocess.run(dvm, check=True, timeout=300, env=environment)
    name = "bl_ext.user_default.dvm_matte"
    program = f"import bpy; bpy.ops.preferences.addon_enable(module={name!r}); print(bpy.ops.dvm.add())"
    ran = subprocess.run([blender_python, "-c", program], capture_output=True, text=True, timeout=300, env=environment)
    assert "{'FINISHED'}" in ran.stdout, ran.stdout + ran.stderr
