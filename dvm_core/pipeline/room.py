"""Room on the disk: what a job may write, against what is free, before the first frame is computed."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dvm_core.bridge.amounts import in_words
from dvm_core.bridge.errors import OutputError


@dataclass(frozen=True)
class Room:
    """What a job writes to one disk.

    Attributes:
        folder: A folder on it.
        frame: Bytes of one frame's files at most, uncompressed.
        need: Bytes of all frames' files at most, without those that they replace.
        free: Bytes that are free.
    """

    folder: Path
    frame: int
    need: int
    free: int

    def __str__(self) -> str:
        """For people."""
        return f"at most {in_words(self.need)} of {in_words(self.free)} free at {self.folder}"


def measure(files: Iterable[tuple[Path, int]]) -> list[Room]:
    """Add up what is going to be written, disk by disk.

    Args:
        files: Path and uncompressed size in bytes of each file, the files of a frame one after the other.
    """
    sums: dict[int, list[tuple[Path, int, int]]] = {}
    disks: dict[Path, tuple[int, Path]] = {}
    for path, size in files:
        if path.parent not in disks:
            there = _existing(path.parent)
            disks[path.parent] = there.stat().st_dev, there
        device, folder = disks[path.parent]
        sums.setdefault(device, []).append((folder, size, _size(path)))
    return [
        Room(
            found[0][0],
            max(size for _, size, _ in found),
            max(0, sum(size - replaced for _, size, replaced in found)),
            shutil.disk_usage(found[0][0]).free,
        )
        for found in sums.values()
    ]


def require(room: Room, *, compressed: bool) -> str:
    """Refuse what cannot fit; compressed files may well take a tenth of their plain size, so they are let through.

    Args:
        room: What is written to a disk.
        compressed: Whether the files are.

    Returns:
        A warning if all of it might not fit, else "".

    Raises:
        OutputError: Not one frame fits, or uncompressed files are more than is free.
    """
    if room.frame > room.free or (room.need > room.free and not compressed):
        raise OutputError(
            f"The disk has no room for this job: {room}; free the disk or choose another folder with -o.",
            path=room.folder,
        )
    if room.need > room.free:
        return f"The disk may become full: {room}, before compression; what is finished by then stays."
    return ""


def _existing(folder: Path) -> Path:
    """The folder, or the first one above it that is there."""
    return next((place for place in (folder, *folder.parents) if place.exists()), folder)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
