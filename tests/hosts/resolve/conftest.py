"""Fusion without Fusion: its Lua, a small fake of its API, and the adapter as `dvm install` lays it out."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest
from lupa import lua51, luajit21

sys.path.insert(0, str(Path(__file__).parent / "support"))

from fusion_stage import Fusion, write_shot

from dvm_core.install import lay_out

ROOT = Path(__file__).parents[3]


@pytest.fixture
def shot(tmp_path):
    folder = tmp_path / 'it\'s a "shot" – ü'  # nothing that a shell or JSON may trip over is missing
    write_shot(folder)
    return folder


@pytest.fixture(scope="session")
def user_folder(tmp_path_factory):
    """Fusion's user folder with the adapter in it."""
    folder = tmp_path_factory.mktemp("Fusion")
    lay_out("resolve", folder)
    return folder


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A home of its own: no engine is configured, and no cache is touched."""
    folder = tmp_path / "home"
    folder.mkdir()
    for name in ("DVM_PYTHON", "DVM_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.fixture(params=[luajit21, lua51], ids=["luajit", "lua5.1"])
def fusion(request, user_folder):
    return Fusion(request.param, user_folder)


@pytest.fixture
def run_dvm():
    """`dvm` as an artist has it in a shell."""

    def run(*arguments):
        command = [sys.executable, "-m", "dvm_core.cli", *map(str, arguments), "--progress", "none"]
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
        assert ran.returncode == 0, ran.stderr
        return ran

    return run


@pytest.fixture
def adapter(user_folder, monkeypatch):
    """The modules of `dvm_resolve` as a script of Resolve imports them, by name; forgotten afterwards."""
    for variable in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(variable, raising=False)  # dialogs are Fusion's, which the fake answers
    monkeypatch.syspath_prepend(user_folder / "Modules" / "Python")
    yield lambda name: importlib.import_module(f"dvm_resolve.{name}")
    for name in [name for name in sys.modules if name.split(".")[0] == "dvm_resolve"]:
        del sys.modules[name]
