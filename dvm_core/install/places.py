"""Where hosts look for what a user adds, on each system; a host that never started has no folder."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

_OLDEST_BLENDER = (4, 2)
_BLENDER_NAME = "dvm_matte"  # the add-on's id: Blender loads no extension from a folder of another name


def nuke() -> list[Path]:
    """The plug-in's folder inside `~/.nuke`."""
    return _inside([Path.home() / ".nuke"], "dvm")


def blender() -> list[Path]:
    """The add-on's folder among the user's extensions, for each Blender from 4.2 on that has a user folder."""
    chosen = os.environ.get("BLENDER_USER_RESOURCES")
    if chosen:
        versions = [Path(chosen)]
    else:
        found = _data("blender", "Blender", "Blender Foundation/Blender").glob("*.*")
        versions = sorted(path for path in found if _blender_version(path.name) >= _OLDEST_BLENDER)
    return _inside(versions, f"extensions/user_default/{_BLENDER_NAME}")


def resolve() -> list[Path]:
    """The user folders of Fusion: the one inside DaVinci Resolve, and Fusion Studio's own."""
    if sys.platform == "win32":
        vendor = _roaming() / "Blackmagic Design"
        applications = [vendor / "DaVinci Resolve" / "Support", vendor]
    elif sys.platform == "darwin":
        vendor = Path.home() / "Library" / "Application Support" / "Blackmagic Design"
        applications = [vendor / "DaVinci Resolve", vendor]
    else:
        applications = [Path.home() / ".local/share/DaVinciResolve", Path.home() / ".fusion/BlackmagicDesign"]
    # Resolve makes the folder of its Fusion page only when that page is first opened.
    resolve, studio = (application / "Fusion" for application in applications)
    return [folder for folder, sign in ((resolve, resolve.parent), (studio, studio)) if sign.is_dir()]


def _inside(folders: list[Path], name: str) -> list[Path]:
    return [folder / name for folder in folders if folder.is_dir()]


def _blender_version(name: str) -> tuple[int, ...]:
    return tuple(map(int, name.split("."))) if re.fullmatch(r"[0-9]{1,3}\.[0-9]{1,3}", name) else (0,)


def _data(linux: str, mac: str, windows: str) -> Path:
    """A program's folder among a user's settings."""
    if sys.platform == "win32":
        return _roaming() / windows
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / mac
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / linux


def _roaming() -> Path:
    return Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming")
