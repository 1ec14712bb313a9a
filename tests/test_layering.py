"""What import-linter cannot see: who may import which package, what a host's bare Python can load, and size limits."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ENGINE = ROOT / "dvm_core"

ALLOWED = {
    "__init__.py": set(),
    "bridge": set(),
    "ops": {"numpy", "torch", "torchvision", "cupy"},
    "io": {"numpy", "cv2", "OpenImageIO", "fileseq", "av"},
    "metrics": {"numpy", "cv2"},
    "model": {"numpy", "torch", "cv2", "safetensors", "pymatting"},
    "trimap": {"numpy", "cv2", "cupyx"},
    "foreground.py": {"numpy", "pymatting"},
    "keying": {"numpy", "cv2"},
    "pipeline": {"numpy", "torch", "cv2", "psutil"},
    "review": {"numpy", "cv2", "av"},
    "training": {"numpy", "torch", "cv2", "safetensors"},
    "farm": {"torch", "yaml"},
    "install": set(),
    "worker": {"torch"},
    "api.py": set(),
    "faults.py": set(),
    "dense_flow.py": {"numpy", "cv2"},
    "whole_file.py": set(),
    "processes.py": {"psutil"},
    "cli": {"typer", "rich", "numpy"},
}
"""Packages from outside that each part of the engine may import; the standard library always."""

RUNS_IN_A_HOST = [ENGINE / "__init__.py", *sorted((ENGINE / "bridge").glob("*.py"))]
LONGEST_FILE = 400
LONGEST_FUNCTION = 60


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imported_packages(path: Path) -> Iterator[str]:
    """Top-level names of every absolute import in a file, those inside functions included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module.partition(".")[0]


def test_the_allow_list_names_every_part_of_the_engine():
    parts = {path.relative_to(ENGINE).parts[0] for path in sources("dvm_core")}
    assert parts <= set(ALLOWED)


@pytest.mark.parametrize("path", sources("dvm_core"), ids=name)
def test_a_file_imports_only_what_its_folder_may(path):
    part = path.relative_to(ENGINE).parts[0]
    beyond = set(imported_packages(path)) - sys.stdlib_module_names - {"dvm_core"} - ALLOWED[part]
    assert not beyond, f"{name(path)} imports {sorted(beyond)}"


@pytest.mark.parametrize("path", RUNS_IN_A_HOST, ids=name)
def test_what_runs_in_a_host_reads_as_python_37(path):
    ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 7))


@pytest.mark.parametrize("path", sorted((ENGINE / "bridge").glob("*.py")), ids=name)
def test_the_bridge_imports_nothing_but_itself_by_relative_names(path):
    assert "dvm_core" not in imported_packages(path), "an add-on that carries bridge/ inside itself has no dvm_core"


def test_a_bare_python_loads_the_bridge():
    modules = ["dvm_core", *(f"dvm_core.bridge.{path.stem}" for path in RUNS_IN_A_HOST if path.parent != ENGINE)]
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import {', '.join(modules).replace('.__init__', '')}"
    ran = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("path", sources("dvm_core", "tests", "benchmarks", "examples"), ids=name)
def test_a_file_holds_one_idea(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


@pytest.mark.parametrize("path", sources("dvm_core"), ids=name)
def test_functions_are_short(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            documented = ast.get_docstring(node, clean=False) is not None
            body = node.body[1:] if documented else node.body
            lines = body[-1].end_lineno - body[0].lineno + 1 if body else 0
            assert lines <= LONGEST_FUNCTION, f"{name(path)}: {node.name} has {lines} lines"
