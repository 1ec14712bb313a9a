"""What `dvm install` wrote, kept beside where the engine is, so that removing leaves no trace.

    {"python": "/opt/dvm/bin/python",
     "installed": [{"host": "nuke", "folder": "/home/kim/.nuke/dvm", "files": ["init.py", ...], "made": [...]}]}

`python` is what `dvm_core.bridge.engine` reads; files are relative to their folder, `made` are folders that were not
there before.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dvm_core.bridge.engine import CONFIG_FILE, home
from dvm_core.bridge.errors import InputError, OutputError
from dvm_core.whole_file import write_text


@dataclass(frozen=True)
class Installation:
    """One adapter in one place.

    Attributes:
        host: Its host.
        folder: The adapter's own folder.
        files: What was written there, relative to it.
        made: Folders that were made for it, the outermost first.
    """

    host: str
    folder: str
    files: tuple[str, ...]
    made: tuple[str, ...]


class Record:
    """The installations of this user."""

    def __init__(self) -> None:
        self._file = home() / CONFIG_FILE
        self._document = self._read()

    @property
    def installations(self) -> list[Installation]:
        """Every adapter that is installed.

        Raises:
            InputError: Something else than this class wrote the file.
        """
        try:
            return [
                Installation(entry["host"], entry["folder"], tuple(entry["files"]), tuple(entry["made"]))
                for entry in self._document.get("installed", [])
            ]
        except (AttributeError, KeyError, TypeError):
            raise self._damaged() from None

    def of(self, host: str, folder: Path | None = None) -> list[Installation]:
        """The installations of one host; of one folder only, if one is given."""
        return [
            entry
            for entry in self.installations
            if entry.host == host and (folder is None or Path(entry.folder) == folder)
        ]

    def put(self, installation: Installation) -> None:
        """Remember an installation, in place of the one before in that folder, and that this Python is the engine."""
        kept = [entry for entry in self.installations if entry.folder != installation.folder]
        self._write({**self._document, "python": sys.executable}, [*kept, installation])

    def drop(self, installation: Installation) -> None:
        """Forget an installation; with the last one goes the file."""
        kept = [entry for entry in self.installations if entry != installation]
        if kept:
            self._write(self._document, kept)
            return
        try:
            self._file.unlink(missing_ok=True)
            if self._file.parent.is_dir() and not any(self._file.parent.iterdir()):
                self._file.parent.rmdir()
        except OSError as error:
            raise self._unwritable(error) from None
        self._document = {}

    def _read(self) -> dict[str, Any]:
        if not self._file.exists():
            return {}
        try:
            document = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            document = None
        if not isinstance(document, dict):
            raise self._damaged()
        return document

    def _write(self, document: dict[str, Any], installations: list[Installation]) -> None:
        self._document = {**document, "installed": [asdict(entry) for entry in installations]}
        write_text(self._file, json.dumps(self._document, indent=2))

    def _damaged(self) -> InputError:
        return InputError(f"{self._file} is not what dvm wrote there; remove it and install again.", path=self._file)

    def _unwritable(self, error: OSError) -> OutputError:
        return OutputError(f"{self._file} cannot be written: {error.strerror}.", path=self._file)
