"""Files whose final names only ever show complete ones, and what is left of their writers when these are killed.

A file grows in its own folder as `.NAME.PLACE-PID-N.part`: the leading dot and the ending keep it out of every
sequence, the rest tells whose it is. What a killed process left is removed by the next one that writes there: of this
machine, whose processes can be looked for, whatever there is; of any machine, what belongs to files that nobody else
may be writing now (`remove_leftovers`).
"""

from __future__ import annotations

import contextlib
import itertools
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from dvm_core.bridge.errors import OutputError
from dvm_core.processes import here, is_gone

_PART = ".part"
_serial = itertools.count()
_cleared: set[Path] = set()


@contextlib.contextmanager
def whole_file(path: Path, *, told: Path | None = None) -> Iterator[Path]:
    """Give a name to write under; what is there in the end is brought to the disk and gets its final name.

    Args:
        path: The final name; its folder is made if need be, a file there is replaced.
        told: What to name in a fault, where the file itself is nothing to its user.

    Raises:
        OutputError: No permission, a full disk, or any other OSError inside; then the final name is as it was.
    """
    temporary = path.with_name(f".{path.name}.{here()}-{os.getpid()}-{next(_serial)}{_PART}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.parent not in _cleared:
            _cleared.add(path.parent)
            clear(path.parent)
        if path.exists() and not path.is_file():
            raise OSError("there is something else of that name")
        yield temporary
        _flush(temporary)
        temporary.replace(path)
    except OSError as error:
        raise _unwritable(told or path, error) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def write_text(path: Path, text: str) -> None:
    """Write a text in UTF-8, with plain line ends on every system; as `whole_file`."""
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")


def require_place(path: Path) -> None:
    """See that a file can be written, before the work that it is the end of.

    Raises:
        OutputError: It cannot.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as error:
        raise _unwritable(path, error) from None


def clear(folder: Path) -> list[Path]:
    """Remove what processes of this machine left in a folder that are gone.

    Returns:
        What was removed.
    """
    mine = here()
    return _removed(part for part, whose in _parts(folder) if whose[0] == mine and is_gone(int(whose[1])))


def remove_leftovers(paths: Sequence[Path]) -> list[Path]:
    """Remove what writers of these files left behind when they were killed; nobody may be writing them now.

    Args:
        paths: Final names.

    Returns:
        What was removed.
    """
    removed = []
    for folder in {path.parent for path in paths}:
        names = {f".{path.name}" for path in paths if path.parent == folder}
        removed += _removed(part for part, _ in _parts(folder) if part.name.rsplit(".", 2)[0] in names)
    return removed


def _parts(folder: Path) -> Iterator[tuple[Path, tuple[str, str]]]:
    """What `whole_file` has under way in a folder, with the place and the number of the process."""
    for part in folder.glob(f".*{_PART}") if folder.is_dir() else ():
        place, _, rest = part.name.rsplit(".", 2)[-2].partition("-")
        pid, _, serial = rest.partition("-")
        if pid.isdecimal() and serial.isdecimal():
            yield part, (place, pid)


def _removed(parts: Iterator[Path]) -> list[Path]:
    removed = []
    for part in parts:
        with contextlib.suppress(OSError):
            part.unlink()
            removed.append(part)
    return removed


def _flush(path: Path) -> None:
    """Bring a file to the disk, or to the server, which may say only now that there is no room.

    Without it a name may be there after a power cut, and its content not.
    """
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _unwritable(path: Path, error: OSError) -> OutputError:
    reason = error.strerror or error
    return OutputError(f"'{path}' cannot be written ({reason}); free the disk or choose another folder.", path=path)
