"""Which frames a command works on, whether it may write them, and which one a fault is of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dvm_core.bridge.errors import InputError, OutputError, UsageError
from dvm_core.bridge.frames import format_range, parse_range

ONLY_FRAME = 1
"""Frame number of a picture whose name has none."""


def chosen_frames(there: Sequence[int], wanted: str, what: str) -> tuple[int, ...]:
    """The frames to work on.

    Args:
        there: Frame numbers on disk; empty for a single picture without a number.
        wanted: A frame range; "" for all there are.
        what: What they are frames of, to begin a sentence with.

    Raises:
        UsageError: `wanted` is no frame range.
        InputError: A wanted frame is not there.
    """
    frames = tuple(there) or (ONLY_FRAME,)
    if not wanted:
        return frames
    chosen = parse_range(wanted)
    missing = sorted(set(chosen) - set(frames))
    if missing:
        raise InputError(
            f"{what} has no frame {format_range(missing)}; it has {format_range(frames)}.", frame=missing[0]
        )
    return chosen


def refuse_existing(paths: Sequence[Path], overwrite: bool, read: Sequence[Path]) -> None:
    """Refuse to write over files that are there unless asked to, and over what is read even then.

    Args:
        paths: What is to be written.
        overwrite: Whether files that are there may go.
        read: What the command reads.

    Raises:
        UsageError: One of them is read.
        OutputError: One is there; the first is named.
    """
    sources = {path.resolve() for path in read}
    source = next((path for path in paths if path.resolve() in sources), None)
    if source is not None:
        raise UsageError(f"{source} is read by this command; write to files of their own.", path=source)
    there = next((path for path in paths if path.exists()), None)
    if there is not None and not overwrite:
        raise OutputError(f"{there} is there already; use --overwrite to write it again.", path=there)


@contextmanager
def named(frame: int, path: Path) -> Iterator[None]:
    """Let faults of functions that know arrays only say which frame and file they are of."""
    try:
        yield
    except InputError as error:
        if error.frame is not None:
            raise
        raise InputError(error.message, frame=frame, path=path) from error
