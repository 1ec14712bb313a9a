"""Which processes are there: whoever finds what another one left behind asks here whether that one is gone."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

PATIENCE = 60.0
"""Seconds that the work at hand may take to its end once nobody is left whom it is for."""


@functools.cache
def place() -> str:
    """This machine since it was started, and the namespace that process numbers count in."""
    facts = [socket.gethostname()]
    with contextlib.suppress(OSError):  # Linux
        facts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip())
        facts.append(str(Path("/proc/self/ns/pid").readlink()))
    return " ".join(facts)


def here() -> str:
    """This place, short enough for a file's name."""
    return hashlib.blake2b(place().encode(), digest_size=4).hexdigest()


def is_gone(pid: int) -> bool:
    """Whether a process of this place is known to have ended."""
    import psutil  # which a machine that only trains may not have

    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
    except psutil.Error:
        return False


def leave(stop: Callable[[], None]) -> NoReturn:
    """Stop, for whoever this process works for is gone; never returns.

    Nobody could stop a frame any more that never ends; until then, let it stand complete.

    Args:
        stop: Asks the work to end.
    """
    stop()
    time.sleep(PATIENCE)
    os._exit(1)
