import json
import sys
from pathlib import Path

import pytest

from dvm_core.bridge.engine import find_python, home
from dvm_core.bridge.errors import InputError, OutputError
from dvm_core.install import ADAPTERS, installer
from dvm_core.install.record import Record

NUKE = ADAPTERS["nuke"]


@pytest.fixture(autouse=True)
def user(tmp_path, monkeypatch):
    """A user who has nothing yet."""
    monkeypatch.setenv("DVM_HOME", str(tmp_path / "dvm-home"))
    monkeypatch.delenv("DVM_PYTHON", raising=False)
    (tmp_path / "user").mkdir()
    return tmp_path


def _all(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


@pytest.mark.parametrize("host", sorted(ADAPTERS))
def test_removing_leaves_no_trace(host, user):
    (user / "user" / "Fuses").mkdir()
    (user / "user" / "Fuses" / "Other.fuse").write_text("somebody else's")
    before = _all(user)
    folder = user / "user" if host == "resolve" else user / "user" / "deep" / "dvm"
    written = installer.install(ADAPTERS[host], folder)
    assert all(path.is_file() for path in written)
    for path in written:  # what a host's Python leaves beside its modules
        if path.suffix == ".py":
            (path.parent / "__pycache__").mkdir(exist_ok=True)
            (path.parent / "__pycache__" / f"{path.stem}.cpython-311.pyc").write_bytes(b"")
    assert sorted(installer.uninstall(ADAPTERS[host])) == sorted(written)
    assert _all(user) == before


def test_an_installed_adapter_finds_this_engine(user):
    installer.install(NUKE, user / "user" / "dvm")
    assert find_python() == sys.executable


def test_the_engine_stays_known_while_another_adapter_is_there(user):
    installer.install(NUKE, user / "user" / "a")
    installer.install(ADAPTERS["blender"], user / "user" / "b")
    installer.uninstall(NUKE)
    assert find_python() == sys.executable
    installer.uninstall(ADAPTERS["blender"])
    assert not home().exists()


def test_a_dry_run_touches_nothing(user):
    planned = installer.install(NUKE, user / "user" / "dvm", dry_run=True)
    assert _all(user) == ["user"]
    assert installer.install(NUKE, user / "user" / "dvm") == planned
    before = _all(user)
    assert sorted(installer.uninstall(NUKE, dry_run=True)) == sorted(planned)
    assert _all(user) == before


def test_a_new_version_takes_the_old_ones_files_with_it(user, monkeypatch):
    folder = user / "user" / "dvm"
    monkeypatch.setattr(
        type(NUKE), "files", lambda self: {Path("old/a.py"): Path(__file__), Path("b.py"): Path(__file__)}
    )
    installer.install(NUKE, folder)
    monkeypatch.setattr(
        type(NUKE), "files", lambda self: {Path("new/c.py"): Path(__file__), Path("b.py"): Path(__file__)}
    )
    installer.install(NUKE, folder)
    assert sorted(path.name for path in folder.rglob("*.py")) == ["b.py", "c.py"]
    installer.uninstall(NUKE)
    assert _all(user) == ["user"]


def test_a_file_of_somebody_else_is_never_written_over(user):
    mine = user / "user" / "dvm" / "init.py"
    mine.parent.mkdir()
    mine.write_text("mine")
    with pytest.raises(OutputError, match=r"init\.py is there already and not from dvm"):
        installer.install(NUKE, mine.parent)
    assert mine.read_text() == "mine"
    assert _all(user) == ["user", "user/dvm", "user/dvm/init.py"]


def test_what_a_user_put_beside_it_stays(user):
    folder = user / "user" / "dvm"
    installer.install(NUKE, folder)
    (folder / "python" / "notes.txt").write_text("mine")
    installer.uninstall(NUKE)
    assert _all(user) == ["user", "user/dvm", "user/dvm/python", "user/dvm/python/notes.txt"]


def test_half_an_installation_can_be_removed(user, monkeypatch):
    def fail(source, target):
        if target.name == "menu.py":
            raise OutputError("The disk is full.")
        return installed(source, target)

    installed = installer.copy
    monkeypatch.setattr(installer, "copy", fail)
    with pytest.raises(OutputError, match="full"):
        installer.install(NUKE, user / "user" / "dvm")
    assert (user / "user" / "dvm" / "init.py").exists()
    installer.uninstall(NUKE)
    assert _all(user) == ["user"]


def test_one_of_two_folders_can_be_cleared(user):
    for name in ("a", "b"):
        installer.install(NUKE, user / "user" / name)
    installer.uninstall(NUKE, user / "user" / "a")
    assert not (user / "user" / "a").exists()
    assert [entry.folder for entry in Record().of("nuke")] == [str(user / "user" / "b")]


def test_removing_what_was_never_installed_is_refused(user):
    with pytest.raises(InputError, match="has installed no adapter for Nuke; there is nothing"):
        installer.uninstall(NUKE)


@pytest.mark.parametrize("content", ["", "[]", '{"installed": 7}', '{"installed": [{"host": "nuke"}]}'])
def test_a_record_that_dvm_did_not_write_is_refused(user, content):
    home().mkdir()
    (home() / "config.json").write_text(content)
    with pytest.raises(InputError, match="not what dvm wrote"):
        installer.install(NUKE, user / "user" / "dvm")


def test_what_else_is_configured_stays(user):
    home().mkdir()
    (home() / "config.json").write_text('{"colour": "green"}')
    installer.install(NUKE, user / "user" / "dvm")
    assert json.loads((home() / "config.json").read_text())["colour"] == "green"
