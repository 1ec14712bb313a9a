import sys
from pathlib import Path

import pytest

from dvm_core.install import ADAPTERS, places

ROOT = Path(__file__).parents[2]

# Where each host says that it looks: Foundry's, Blender's and Blackmagic's own documentation.
NUKE = {"linux": ".nuke", "darwin": ".nuke", "win32": ".nuke"}
BLENDER = {
    "linux": ".config/blender",
    "darwin": "Library/Application Support/Blender",
    "win32": "AppData/Roaming/Blender Foundation/Blender",
}
RESOLVE = {
    "linux": ".local/share/DaVinciResolve/Fusion",
    "darwin": "Library/Application Support/Blackmagic Design/DaVinci Resolve/Fusion",
    "win32": "AppData/Roaming/Blackmagic Design/DaVinci Resolve/Support/Fusion",
}
STUDIO = {
    "linux": ".fusion/BlackmagicDesign/Fusion",
    "darwin": "Library/Application Support/Blackmagic Design/Fusion",
    "win32": "AppData/Roaming/Blackmagic Design/Fusion",
}


@pytest.fixture(params=["linux", "darwin", "win32"])
def system(request, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "platform", request.param)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    for name in ("XDG_CONFIG_HOME", "APPDATA", "BLENDER_USER_RESOURCES"):
        monkeypatch.delenv(name, raising=False)
    return request.param


def test_a_host_that_never_started_has_no_folder(system):
    assert places.nuke() == places.blender() == places.resolve() == []


def test_nukes_folder_is_found(system, tmp_path):
    (tmp_path / NUKE[system]).mkdir()
    assert places.nuke() == [tmp_path / NUKE[system] / "dvm"]


def test_every_blender_from_4_2_on_is_found(system, tmp_path):
    base = tmp_path / BLENDER[system]
    for name in ("2.93", "3.6", "4.1", "4.2", "4.5", "5.0", "10.1", "config", "4.x", "5.1.bak"):
        (base / name).mkdir(parents=True)
    found = {path.relative_to(base).as_posix() for path in places.blender()}
    assert found == {f"{version}/extensions/user_default/dvm_matte" for version in ("4.2", "4.5", "5.0", "10.1")}


def test_both_fusions_are_found(system, tmp_path):
    (tmp_path / STUDIO[system]).mkdir(parents=True)
    studio = places.resolve()
    assert studio == [tmp_path / STUDIO[system]]
    (tmp_path / RESOLVE[system]).parent.mkdir(parents=True)
    assert places.resolve() == [tmp_path / RESOLVE[system], tmp_path / STUDIO[system]]


def test_blenders_own_variable_is_honoured(tmp_path, monkeypatch):
    monkeypatch.setenv("BLENDER_USER_RESOURCES", str(tmp_path))
    assert places.blender() == [tmp_path / "extensions" / "user_default" / "dvm_matte"]


def test_the_folder_of_the_add_on_has_the_name_of_its_id(tmp_path, monkeypatch):
    monkeypatch.setenv("BLENDER_USER_RESOURCES", str(tmp_path))
    manifest = (ROOT / ADAPTERS["blender"].source / "blender_manifest.toml").read_text(encoding="utf-8")
    assert f'\nid = "{places.blender()[0].name}"\n' in manifest
