"""One engine process and the threads that talk to it: nothing here ever blocks its caller on a pipe.

Three threads, for a full pipe on either side must not stop the others: one writes what is sent, one reads events, one
keeps the end of stderr.
"""

import os
import queue
import subprocess
import threading
from collections import deque
from contextlib import suppress
from typing import IO, Any, Callable, Deque, Dict, List, Mapping, Optional

from . import protocol
from .environment import engine_environment
from .errors import DvmError, UsageError

_KEPT_LINES = 200
_SHOWN_LINES = 8
_LONGEST_LOG_LINE = 2000  # bytes
_LONGEST_EVENT = 1 << 26  # bytes; `done` names every output
_SECONDS_TO_END = 5.0  # between the end of its events and the end of the process


class EngineProcess:
    """A running engine.

    Args:
        python: The Python that runs it.
        own: Variables for its environment, besides the host's.
        receive: Called with each event, from a thread.
        ended: Called once when it is gone, from a thread, with a sentence about how.

    Raises:
        DvmError: It cannot be started.
    """

    def __init__(
        self,
        python: str,
        own: Optional[Mapping[str, str]],
        receive: Callable[[protocol.Event], None],
        ended: Callable[[str], None],
    ) -> None:
        self._receive, self._ended = receive, ended
        self._log: Deque[str] = deque(maxlen=_KEPT_LINES)
        self._outgoing: queue.SimpleQueue[Optional[bytes]] = queue.SimpleQueue()
        self._process = _launch([python, "-I", "-m", "dvm_core.worker"], engine_environment(own))
        self._threads = [
            threading.Thread(target=work, args=(pipe,), name=f"dvm-bridge-{name}", daemon=True)
            for name, work, pipe in (
                ("write", self._write, self._process.stdin),
                ("log", self._keep_log, self._process.stderr),
                ("read", self._read, self._process.stdout),
            )
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def send(self, message: Dict[str, Any]) -> None:
        """Queue a message for the engine; one that is gone never gets it."""
        self._outgoing.put((protocol.encode(message) + "\n").encode("ascii"))

    def stop(self, grace: float) -> None:
        """Ask it to quit, then terminate it, then kill it; at most three times `grace` seconds."""
        self.send({"op": "quit"})
        self._outgoing.put(None)
        for harder in (None, self._process.terminate, self._process.kill):
            if harder is not None:
                harder()
            try:
                self._process.wait(grace)
                break
            except subprocess.TimeoutExpired:
                continue
        self._threads[-1].join(grace)

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def note(self, line: str) -> None:
        """Keep a line as if the engine had logged it."""
        self._log.append(line[:_LONGEST_LOG_LINE])

    def _write(self, pipe: IO[bytes]) -> None:
        with suppress(OSError):  # if it is gone, whoever reads its events says so
            for line in iter(self._outgoing.get, None):
                pipe.write(line)
                pipe.flush()
        _close(pipe)

    def _keep_log(self, pipe: IO[bytes]) -> None:
        for line in iter(lambda: pipe.readline(_LONGEST_LOG_LINE), b""):
            self.note(line.decode("utf-8", "replace").rstrip())
        _close(pipe)

    def _read(self, pipe: IO[bytes]) -> None:
        for line in iter(lambda: pipe.readline(_LONGEST_EVENT), b""):
            try:
                event = protocol.decode(line)
            except UsageError:
                self.note("not an event: " + repr(line[:200]))
            else:
                self._receive(event)
        _close(pipe)
        self._bury()

    def _bury(self) -> None:
        try:
            code = self._process.wait(_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        self._outgoing.put(None)
        # A process that the engine left behind may hold stderr open; the log ends here all the same.
        self._threads[1].join(_SECONDS_TO_END)
        self._ended(_obituary(code, list(self._log)))


def _launch(command: List[str], environment: Dict[str, str]) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            # Windows: no console window. Elsewhere: a session of its own, so that Ctrl-C in the host's terminal and
            # the end of the host's process group do not tear a frame in two.
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            start_new_session=os.name == "posix",
        )
    except (OSError, ValueError) as error:
        raise DvmError(f"The engine {command[0]} cannot be started: {error}.", path=command[0]) from None


def _close(pipe: IO[bytes]) -> None:
    with suppress(OSError):  # what it still held has nowhere to go
        pipe.close()


def _obituary(code: int, log: List[str]) -> str:
    """How an engine ended, and the end of what it said."""
    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    hint = ", perhaps because memory ran out" if code == -9 else ""
    said = "\n".join(line for line in log[-_SHOWN_LINES:] if line)
    return f"The engine stopped unexpectedly ({how}{hint})" + (f"; the end of its log:\n{said}" if said else ".")
