"""Put an adapter where its host finds it, and take it away again without a trace."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from dvm_core.bridge.errors import InputError, OutputError
from dvm_core.install.layout import Adapter, copy, find_adapter
from dvm_core.install.record import Installation, Record


def install(adapter: Adapter, folder: Path, *, dry_run: bool = False) -> list[Path]:
    """Install an adapter, or bring the one that is there up to date.

    Args:
        adapter: What to install.
        folder: The adapter's own folder, see `lay_out`.
        dry_run: Only say what would be written.

    Returns:
        The files of the adapter.

    Raises:
        OutputError: A file that dvm did not write is in the way, or something cannot be written.
    """
    record = Record()
    sources = {folder / name: source for name, source in adapter.files().items()}
    before = record.of(adapter.host, folder)
    ours = {folder / name for entry in before for name in entry.files}
    _refuse_foreign(set(sources) - ours)
    if not dry_run:
        made = {path for entry in before for path in entry.made} | {str(path) for path in _missing_above(sources)}
        names = tuple(path.relative_to(folder).as_posix() for path in sources)
        # Recorded first: what is copied only in part can still be removed.
        record.put(Installation(adapter.host, str(folder), names, tuple(sorted(made))))
        for target, source in sources.items():
            copy(source, target)
        _remove_files(ours - set(sources))
    return list(sources)


def uninstall(adapter: Adapter, folder: Path | None = None, *, dry_run: bool = False) -> list[Path]:
    """Remove an adapter from everywhere, or from one folder: its files, what Python made of them, empty folders.

    Args:
        adapter: What to remove.
        folder: The only folder to remove it from.
        dry_run: Only say what would be removed.

    Returns:
        The files of the adapter.

    Raises:
        InputError: It was not installed there.
        OutputError: Something cannot be removed.
    """
    record = Record()
    installed = record.of(adapter.host, folder)
    if not installed:
        where = f" in {folder}" if folder else ""
        raise InputError(f"dvm has installed no adapter for {adapter.title}{where}; there is nothing to remove.")
    files = [Path(entry.folder) / name for entry in installed for name in entry.files]
    if not dry_run:
        for entry in installed:
            _remove_files(Path(entry.folder) / name for name in entry.files)
            for path in reversed(entry.made):
                _remove_if_empty(Path(path))
            record.drop(entry)
    return files


def is_current(installation: Installation) -> bool:
    """Whether an installed adapter is, byte for byte, what would be installed now."""
    sources = find_adapter(installation.host).files()
    folder = Path(installation.folder)
    try:
        return sorted(installation.files) == sorted(map(str, sources)) and all(
            (folder / name).read_bytes() == source.read_bytes() for name, source in sources.items()
        )
    except OSError:
        return False


def _refuse_foreign(targets: Iterable[Path]) -> None:
    there = sorted(path for path in targets if path.exists())
    if there:
        others = f" and {len(there) - 1} more files are" if len(there) > 1 else " is"
        raise OutputError(
            f"{there[0]}{others} there already and not from dvm; move them away, or choose another folder with --dest.",
            path=there[0],
        )


def _missing_above(files: Iterable[Path]) -> set[Path]:
    """Folders that have to be made for some files."""
    return {folder for file in files for folder in file.parents if not folder.exists()}


def _remove_files(files: Iterable[Path]) -> None:
    for file in files:
        compiled = file.parent / "__pycache__"
        doomed = [file, *(compiled.glob(f"{file.stem}.*.pyc") if file.suffix == ".py" else ())]
        try:
            for path in doomed:
                path.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"{path} cannot be removed: {error.strerror}.", path=path) from None
        _remove_if_empty(compiled)


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):  # not there, or something of the user's is in it
        folder.rmdir()
