"""Requests in from the host: pings answered at once, jobs kept in order, cancels remembered."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Iterator
from typing import Any, NamedTuple

from dvm_core.bridge import checks, protocol
from dvm_core.bridge.errors import UsageError
from dvm_core.processes import leave
from dvm_core.worker.channel import Channel

LONGEST_LINE = 1 << 20
"""Bytes; a job is a short document."""

_FIELDS = {"run": ("id", "job"), "cancel": ("id",), "ping": ("id",), "quit": ()}


class Request(NamedTuple):
    """A job to run.

    Attributes:
        name: What the host calls it: the id of all its events.
        document: The job's document, not yet checked.
    """

    name: str
    document: Any


class Inbox:
    """Reads requests in a thread of its own, so that pings and cancels are heard while a job runs.

    Args:
        source: File descriptor to read from; its end means that the host is gone.
        channel: Where answers go.

    Attributes:
        closed: Whether the worker shall end: the host said so, or is gone.
    """

    def __init__(self, source: int, channel: Channel) -> None:
        self.closed = False
        self._source = source
        self._channel = channel
        self._lock = threading.Lock()
        self._requests: queue.SimpleQueue[Request | None] = queue.SimpleQueue()
        self._open: set[str] = set()  # waiting or running
        self._running = ""
        self._cancelled: set[str] = set()

    def listen(self) -> None:
        """Start to read."""
        threading.Thread(target=self._listen, name="dvm-inbox", daemon=True).start()

    def close(self) -> None:
        """End the worker after the frame in work; safe in a signal handler."""
        self.closed = True
        self._requests.put(None)

    def __iter__(self) -> Iterator[Request]:
        """The jobs, each when those before it have ended; ends when the worker shall."""
        while (request := self._requests.get()) is not None and not self.closed:
            with self._lock:
                due = request.name in self._open
                self._running = request.name if due else ""
            if due:
                yield request

    def finished(self, name: str) -> None:
        """Let go of a job, before its last event goes out: the host may use the id again as soon as it hears that."""
        with self._lock:
            self._open.discard(name)
            self._cancelled.discard(name)
            self._running = ""

    def is_cancelled(self, name: str) -> bool:
        """Whether the job that runs shall stop."""
        return self.closed or self._channel.broken or name in self._cancelled

    def _listen(self) -> None:
        for line in _lines(self._source):
            self._hear(line)
            if self.closed:
                break
        leave(self.close)

    def _hear(self, line: bytes) -> None:
        name = None
        try:
            message = _message(line)
            if isinstance(message.get("id"), str):
                name = message["id"]
            _check(message)
            self._obey(message)
        except UsageError as error:
            self._channel.send(protocol.error(error), name)

    def _obey(self, message: dict[str, Any]) -> None:
        verb, name = message["op"], message.get("id", "")
        if verb == "quit":
            self.close()
        elif verb == "ping":
            self._channel.send(protocol.pong(), name)
        elif verb == "cancel":
            self._cancel(name)
        else:
            with self._lock:
                if name in self._open:
                    raise UsageError(f"There is a job {name[:60]!r} already; each needs an id of its own.")
                self._open.add(name)
            self._requests.put(Request(name, message["job"]))

    def _cancel(self, name: str) -> None:
        with self._lock:
            if name == self._running:
                self._cancelled.add(name)
            elif name in self._open:
                self._open.discard(name)
                self._channel.send(protocol.cancelled(), name)


def _message(line: bytes) -> dict[str, Any]:
    """The object of a line.

    Raises:
        UsageError: It is too long, or no JSON object.
    """
    if len(line) > LONGEST_LINE:
        raise UsageError(f"A request is one line of at most {LONGEST_LINE >> 20} MiB; found a longer one.")
    return protocol.decode(line)


def _check(message: dict[str, Any]) -> None:
    """Refuse what is no request.

    Raises:
        UsageError: It is none.
    """
    checks.choice(tuple(_FIELDS))("op", message.get("op"))
    verb = message["op"]
    expected = ("op", *_FIELDS[verb])
    checks.unknown_keys(message, (*expected, "id"), verb)
    for field in expected:
        if field not in message:
            raise UsageError(f"The request '{verb}' has no '{field}'.")
    if "id" in message:
        checks.name("id", message["id"])


def _lines(source: int) -> Iterator[bytes]:
    """Lines of a descriptor; of one that is too long, enough to see that it is.

    Read without a file object: one that a daemon thread waits in cannot be closed when the interpreter ends.
    """
    held = b""
    while chunk := _read(source):
        *whole, held = (held + chunk).split(b"\n")
        yield from whole
        held = held[: LONGEST_LINE + 1]


def _read(source: int) -> bytes:
    try:
        return os.read(source, 1 << 16)
    except OSError:  # the terminal, or whatever it was, is gone
        return b""
