"""A Nuke made by hand, with the plug-in as `dvm install` lays it out, and a tiny shot."""

import importlib
import os
import runpy
import sys
from pathlib import Path

import pytest

pytest.importorskip("tkinter", reason="gizmos are read by Python's own Tcl, and this Python was built without tkinter")
sys.path.insert(0, str(Path(__file__).parent / "support"))

from nuke_stage import Comp, Shot, answer

from dvm_core.install import lay_out


@pytest.fixture(scope="session")
def plugin(tmp_path_factory):
    """The plug-in's folder, the bridge inside it."""
    folder = tmp_path_factory.mktemp("nuke") / "dvm"
    lay_out("nuke", folder)
    return folder


@pytest.fixture
def stage(plugin, monkeypatch, tmp_path):
    """A Nuke that has just started with the plug-in on its path, and a saved, empty script; gives its inner state."""
    import fake_nuke
    import nuke_session

    nuke_session.session.__init__()
    session = nuke_session.session
    monkeypatch.setitem(sys.modules, "nuke", fake_nuke)
    monkeypatch.setenv("DVM_PYTHON", sys.executable)
    monkeypatch.setattr(sys, "path", [*sys.path, str(plugin / "python")])
    fake_nuke.GUI = True
    fake_nuke.scriptClear()
    session.root["name"].setValue(str(tmp_path / "comp.nk").replace(os.sep, "/"))
    session.plugin_path.append(str(plugin))
    for entry in ("init.py", "menu.py"):
        runpy.run_path(str(plugin / entry))
    session.undo_steps.clear()
    return session


@pytest.fixture
def nuke(stage):
    """The module."""
    return sys.modules["nuke"]


@pytest.fixture(scope="session", autouse=True)
def engines_end():
    yield
    engine = sys.modules.get("dvm_nuke.engine")
    for worker in engine._workers.values() if engine else ():
        worker.stop()


@pytest.fixture
def dvm_nuke(stage):
    """Any module of the plug-in, by name."""
    return lambda name: importlib.import_module(f"dvm_nuke.{name}")


@pytest.fixture
def shot(tmp_path):
    return Shot(tmp_path / "shot")


@pytest.fixture
def comp(nuke, stage, shot):
    return Comp(nuke, stage, shot)


@pytest.fixture
def worker(dvm_nuke, monkeypatch):
    """An engine that is quick, in place of the real one."""
    from dvm_nuke.bridge.fake import FakeWorker

    fake = FakeWorker(answer=answer)
    monkeypatch.setattr(dvm_nuke("engine"), "_workers", {"": fake})
    monkeypatch.setattr(dvm_nuke("runs"), "_POLL", 0.001)
    return fake
