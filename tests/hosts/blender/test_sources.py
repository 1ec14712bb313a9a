"""What the add-on's files promise to any Blender, seen without one."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from dvm_core.install import lay_out

ADDON = Path(__file__).resolve().parents[3] / "blender_addon"
FILES = sorted(ADDON.glob("*.py"))
LONGEST_FILE, LONGEST_FUNCTION = 400, 60


def tree_of(path):
    return ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 7))


def absolute_imports(path):
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.partition(".")[0]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_needs_blender_and_the_standard_library_alone(path):
    assert set(absolute_imports(path)) - sys.stdlib_module_names <= {"bpy"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_files_and_functions_are_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno - node.lineno < LONGEST_FUNCTION


@pytest.mark.parametrize("path", [path for path in FILES if path.name != "compat.py"], ids=lambda path: path.name)
def test_versions_of_blender_are_told_apart_in_one_file(path):
    source = path.read_text(encoding="utf-8")
    assert "bpy.app.version" not in source
    assert "use_nodes" not in source


def test_what_needs_no_blender_loads_in_a_bare_python(tmp_path):
    lay_out("blender", tmp_path / "dvm_matte")
    modules = "dvm_matte, dvm_matte.frames, dvm_matte.stepping, dvm_matte.bridge.client"
    program = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import {modules}"
    ran = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("/shot/trimap.1001.png", "/shot/trimap.%04d.png"),
        ("/shot/trimap.####.png", "/shot/trimap.%04d.png"),
        ("/shot/trimap_v2.png", "/shot/trimap_v2.png"),
        ("/shot/0012.exr", "/shot/%04d.exr"),
        ("/shot/still.png", "/shot/still.png"),
    ],
)
def test_a_picked_file_stands_for_its_sequence(typed, meant, tmp_path, monkeypatch):
    lay_out("blender", tmp_path / "dvm_matte_frames")
    monkeypatch.syspath_prepend(tmp_path)
    from dvm_matte_frames.frames import typed_pattern

    assert typed_pattern(typed) == meant
