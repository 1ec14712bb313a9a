"""What an adapter is made of: its own files, and a copy of the bridge inside them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from dvm_core.bridge.errors import DvmError, OutputError, UsageError
from dvm_core.install import places

_ENGINE = Path(__file__).resolve().parents[1]
_BRIDGE = _ENGINE / "bridge"
_PACKED = Path(__file__).resolve().parent / "adapters"
"""Where a wheel carries the adapters; in a checkout they stand beside the engine."""


@dataclass(frozen=True)
class Adapter:
    """One host's adapter.

    Attributes:
        host: Name that `dvm install` takes.
        title: The host's name for people.
        source: Name of the adapter's folder.
        bridge: Folder inside the adapter that the bridge is copied to.
        places: Gives the folders that the adapter goes to on this machine: those of the hosts that were found.
        advice: What is left to do once it is in `{folder}`.
        farewell: What is left to do once it was removed; "" if nothing.
    """

    host: str
    title: str
    source: str
    bridge: PurePosixPath
    places: Callable[[], list[Path]]
    advice: str
    farewell: str = ""

    def files(self) -> dict[PurePosixPath, Path]:
        """Every file of the adapter, the bridge's included: where it goes inside the adapter, and where it is now.

        Raises:
            DvmError: This installation came without the adapter.
        """
        own = dict(_files(self._folder()))
        return own | {self.bridge / name: path for name, path in _files(_BRIDGE)}

    def _folder(self) -> Path:
        for folder in (_PACKED / self.source, _ENGINE.parent / self.source):
            if folder.is_dir():
                return folder
        raise DvmError(f"This installation of dvm has no adapter for {self.title}; install dvm-core again.")


ADAPTERS = {
    adapter.host: adapter
    for adapter in (
        Adapter(
            "nuke",
            "Nuke",
            "nuke_plugin",
            PurePosixPath("python/dvm_nuke/bridge"),
            places.nuke,
            "Add this line to the init.py in your .nuke folder, or put the folder on NUKE_PATH, and restart Nuke:\n"
            '    nuke.pluginAddPath("{folder}")',
            "Take the line that you added for it out of your init.py, or the folder from NUKE_PATH.",
        ),
        Adapter(
            "blender",
            "Blender",
            "blender_addon",
            PurePosixPath("bridge"),
            places.blender,
            "Start Blender again and switch DVM Matte on in Edit > Preferences > Add-ons.",
        ),
        Adapter(
            "resolve",
            "DaVinci Resolve and Fusion",
            "resolve_fuse",
            PurePosixPath("Modules/Python/dvm_resolve/bridge"),
            places.resolve,
            "Start DaVinci Resolve or Fusion again: the Fuse is among the tools, the scripts are in the Scripts menu.",
        ),
    )
}
"""Every adapter that there is, by its host."""


def find_adapter(host: str) -> Adapter:
    """The adapter of a host.

    Raises:
        UsageError: There is none.
    """
    if host not in ADAPTERS:
        raise UsageError(f"There are adapters for {', '.join(ADAPTERS)}; found {host!r}.")
    return ADAPTERS[host]


def lay_out(host: str, folder: str | Path) -> list[Path]:
    """Copy a host's adapter, with the bridge inside it, into a folder: ready to run there.

    Args:
        host: One of `ADAPTERS`.
        folder: The adapter's own folder: what Nuke has on its path, the add-on's package in Blender, Fusion's user
            folder. It is made as needed; files of the same names are replaced.

    Returns:
        Every file that was written.

    Raises:
        UsageError: There is no such adapter.
        OutputError: The folder cannot be written.
    """
    return [copy(source, Path(folder) / name) for name, source in find_adapter(host).files().items()]


def copy(source: Path, target: Path) -> Path:
    """Copy one file's content, and make the folders above it.

    Raises:
        OutputError: It cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    except OSError as error:
        raise OutputError(f"{target} cannot be written: {error.strerror or error}.", path=target) from None
    return target


def _files(folder: Path) -> Iterator[tuple[PurePosixPath, Path]]:
    """Files that belong to an adapter: what Python compiled and what is hidden does not."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and not any(part == "__pycache__" or part.startswith(".") for part in name.parts):
            yield PurePosixPath(name.as_posix()), path
