"""Events out to the host."""

from __future__ import annotations

import os
import threading
from typing import BinaryIO

from dvm_core.bridge import protocol
from dvm_core.bridge.protocol import Event


def take_stdout() -> BinaryIO:
    """Keep stdout for events alone: whatever else prints, from Python or from C, goes to stderr from now on."""
    stream = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return stream


class Channel:
    """Sends events, from any thread.

    Args:
        stream: Where to.

    Attributes:
        broken: Whether nobody listens any more.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self.broken = False
        self._stream = stream
        self._lock = threading.Lock()

    def send(self, event: Event, name: str | None = None) -> None:
        """Send an event at once.

        Args:
            event: The event.
            name: Id of the request that it is about, if it is about one.
        """
        line = protocol.encode(event if name is None else {**event, "id": name}) + "\n"
        with self._lock:
            if self.broken:
                return
            try:
                self._stream.write(line.encode("ascii"))
                self._stream.flush()
            except OSError:
                self.broken = True
