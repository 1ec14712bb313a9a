import sys
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def user(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("XDG_CONFIG_HOME", "BLENDER_USER_RESOURCES", "DVM_PYTHON"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DVM_HOME", str(tmp_path / ".dvm"))
    return tmp_path


def test_nuke_gets_its_plug_in_and_is_told_the_line_to_add(dvm, user):
    (user / ".nuke").mkdir()
    ran = dvm("install", "nuke")
    assert ran.code == 0, ran.err
    assert (user / ".nuke" / "dvm" / "menu.py").is_file()
    assert f'nuke.pluginAddPath("{user}/.nuke/dvm")' in ran.out
    ran = dvm("install", "nuke", "--uninstall")
    assert ran.code == 0, ran.err
    assert "init.py" in ran.out
    assert sorted(path.name for path in user.rglob("*")) == [".nuke"]


def test_a_dry_run_names_every_file_and_writes_none(dvm, user):
    ran = dvm("install", "blender", "--dest", user / "addon", "--dry-run")
    assert ran.code == 0, ran.err
    assert str(user / "addon" / "bridge" / "client.py") in ran.out
    assert list(user.iterdir()) == []


def test_every_version_of_blender_gets_it(dvm, user):
    for version in ("4.2", "5.0"):
        (user / ".config" / "blender" / version).mkdir(parents=True)
    assert dvm("install", "blender").code == 0
    assert len(list(user.glob(".config/blender/*/extensions/user_default/dvm_matte/bridge/client.py"))) == 2


def test_a_host_that_is_not_there_is_named_with_the_way_out(dvm):
    ran = dvm("install", "resolve")
    assert ran.code == 3
    assert "DaVinci Resolve" in ran.err
    assert "--dest" in ran.err


def test_an_unknown_host_is_wrong_usage(dvm):
    ran = dvm("install", "maya")
    assert ran.code == 2
    assert "nuke, blender, resolve" in ran.err
