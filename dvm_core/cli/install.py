"""`dvm install`: adapters for hosts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dvm_core.bridge.errors import InputError
from dvm_core.cli.console import say
from dvm_core.install import Adapter, find_adapter, installer


def install(
    host: Annotated[str, typer.Argument(metavar="nuke|blender|resolve", help="The host.")],
    dest: Annotated[
        str, typer.Option(metavar="DIR", help="The adapter's folder; else where the host looks.", show_default=False)
    ] = "",
    uninstall: Annotated[bool, typer.Option("--uninstall", help="Remove what was installed.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done and do nothing.")] = False,
) -> None:
    """Put the adapter for a host where the host finds it, and tell it where this engine is."""
    adapter = find_adapter(host)
    chosen = Path(dest).expanduser().absolute() if dest else None
    if uninstall:
        _tell("remove" if dry_run else "removed", installer.uninstall(adapter, chosen, dry_run=dry_run), dry_run)
        if adapter.farewell:
            say(adapter.farewell)
        return
    for folder in [chosen] if chosen else _found(adapter):
        _tell(f"{folder}:", installer.install(adapter, folder, dry_run=dry_run), dry_run)
        say(adapter.advice.format(folder=folder.as_posix()))


def _found(adapter: Adapter) -> list[Path]:
    folders = adapter.places()
    if not folders:
        raise InputError(
            f"No folder of {adapter.title} was found for this user; start it once, or name the folder with --dest."
        )
    return folders


def _tell(what: str, files: list[Path], each: bool) -> None:
    say(f"{what} {len(files)} files")
    for file in files if each else ():
        say(f"  {file}")
