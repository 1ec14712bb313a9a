"""Read a file again that the storage did not give, or that somebody was still writing: a few times, and said aloud."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from dvm_core.bridge.errors import InputError

Result = TypeVar("Result")
Stamp = tuple[int, int, int] | None
Say = Callable[[str, int], None]
"""Told before each further attempt what happened, and the frame."""

WAITS = (0.5, 1.0, 2.0)
"""Seconds before each further attempt."""

_PASSING = {errno.ESTALE, errno.EIO, errno.EAGAIN, errno.EBUSY, errno.EINTR, errno.ETIMEDOUT}


def patiently(read: Callable[[], Result], paths: Sequence[Path], *, frame: int, say: Say) -> Result:
    """Read, and again while that has a chance: the storage's fault may pass, and a file may still be on its way.

    Args:
        read: Reads; raises InputError or OSError if it cannot.
        paths: Every file that it reads without patience of its own; one that changed meanwhile makes the result
            worthless.
        frame: Frame number, for messages.
        say: Told of each further attempt.

    Returns:
        What `read` returned while its files stayed as they were.

    Raises:
        InputError: The frame cannot be read, and waiting would not help or has not helped.
    """
    for attempt, wait in enumerate((*WAITS, None), 1):
        before = stamps(paths)
        passing = False
        try:
            result = read()
            if not (changed := _changed(paths, before)):
                return result
            fault = _changing(changed, frame)
            passing = True
        except InputError as error:
            fault = error
        except OSError as error:
            fault = _unreadable(error, paths, frame)
            passing = error.errno in _PASSING
        if wait is None:
            break
        time.sleep(wait)
        if not passing and not _changed(paths, before):  # damaged, and nobody is writing it
            break
        say(f"{fault.message} Reading it again, {attempt} of {len(WAITS)}.", frame)
    raise fault


def stamp(path: Path) -> Stamp:
    """What tells a file from an earlier state of it: its time, size and number on the disk; None if it is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def stamps(paths: Sequence[Path]) -> list[Stamp]:
    """The `stamp` of each of some files."""
    return [stamp(path) for path in paths]


def _changed(paths: Sequence[Path], before: Sequence[Stamp]) -> list[Path]:
    return [path for path, then, now in zip(paths, before, stamps(paths), strict=True) if then != now]


def _changing(paths: Sequence[Path], frame: int) -> InputError:
    return InputError(
        f"Frame {frame} changed while it was read ({_names(paths)}); let it be finished first.",
        frame=frame,
        path=paths[0],
    )


def _unreadable(error: OSError, paths: Sequence[Path], frame: int) -> InputError:
    why = error.strerror or str(error)
    return InputError(
        f"Frame {frame} cannot be read ({_names(paths)}: {why}); render or copy it again.", frame=frame, path=paths[0]
    )


def _names(paths: Sequence[Path]) -> str:
    return ", ".join(str(path) for path in paths)
