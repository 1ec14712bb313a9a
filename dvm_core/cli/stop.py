"""Ctrl-C, SIGTERM and the end of whoever one works for: stop at the end of the frame; a second time, at once."""

from __future__ import annotations

import _thread
import os
import signal
import threading
from types import FrameType, TracebackType
from typing import Any

from dvm_core.bridge.errors import Cancelled
from dvm_core.processes import leave

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def stop_at_once(number: int, frame: FrameType | None) -> None:
    """Signal handler: leave whatever runs now. No output stands half-written under its final name."""
    raise Cancelled("Stopped; finished files stay.")


def arm() -> None:
    """Make the signals end any command with exit code 130."""
    for number in _SIGNALS:
        signal.signal(number, stop_at_once)


def with_stdin() -> None:
    """Stop as a signal does when stdin ends: whoever holds its other end is gone, however that came to be."""
    threading.Thread(target=_until_stdin_ends, name="dvm-stdin", daemon=True).start()


def _until_stdin_ends() -> None:
    try:
        # Read without a file object: one that a daemon thread waits in cannot be closed when the interpreter ends.
        while os.read(0, 1 << 16):
            pass
    except OSError:
        pass
    # A signal that a thread sends itself is not handled on Windows, and might not reach the main thread elsewhere.
    leave(lambda: _thread.interrupt_main(signal.SIGTERM))


class Stop:
    """While it is entered, the first signal only sets `requested`, for a job to see between frames.

    Attributes:
        requested: Whether somebody asked to stop.
    """

    def __init__(self) -> None:
        self.requested = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Stop:
        self._before = {number: signal.signal(number, self._on_signal) for number in _SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.requested:
            stop_at_once(number, frame)
        self.requested = True
