"""What is said between a host and one engine process, from its hello to its end."""

import itertools
import threading
import time
from typing import Callable, Dict, Mapping, Optional, Set

from . import protocol
from .errors import DvmError
from .job import MatteJob
from .process import EngineProcess
from .protocol import Event
from .task import Task


class Conversation:
    """One engine process, and the jobs that it was given.

    Args:
        python: The Python that runs the engine.
        own: Variables for its environment, besides the host's.

    Raises:
        DvmError: It cannot be started.
    """

    def __init__(self, python: str, own: Optional[Mapping[str, str]]) -> None:
        self._python = python
        self._numbers = itertools.count(1)
        self._changed = threading.Condition(threading.RLock())
        self._hello: Optional[Event] = None
        self._pongs: Set[str] = set()
        self._tasks: Dict[str, Task] = {}
        self._stopping = False
        self._end = ""
        with self._changed:  # the first event may come before there is a name for who sent it
            self._process = EngineProcess(python, own, self._receive, self._ended)

    @property
    def over(self) -> bool:
        """Whether the engine is gone."""
        return bool(self._end)

    @property
    def pid(self) -> int:
        """The engine's process id."""
        return self._process.pid

    def hello(self, timeout: float) -> Event:
        """Wait until the engine is up.

        Raises:
            DvmError: It did not come up in `timeout` seconds, or speaks another protocol.
        """
        if not self._wait(lambda: self._hello is not None, timeout):
            self._ended(f"The engine {self._python} did not come up within {timeout:g} seconds.")
            self._process.kill()
            raise DvmError(self._end)
        return dict(self._hello or {})

    def ping(self, timeout: float) -> float:
        """Seconds that a message takes there and back.

        Raises:
            DvmError: There was no answer in `timeout` seconds.
        """
        name = f"ping-{next(self._numbers)}"
        started = time.perf_counter()
        self._process.send({"op": "ping", "id": name})
        if not self._wait(lambda: name in self._pongs, timeout):
            raise DvmError(f"The engine did not answer within {timeout:g} seconds.")
        self._pongs.discard(name)
        return time.perf_counter() - started

    def run(self, job: MatteJob) -> Task:
        """Hand a job over; it runs when those before it have ended."""
        name = f"job-{next(self._numbers)}"
        task = Task(lambda: self._process.send({"op": "cancel", "id": name}))
        with self._changed:
            if self._end:
                task.add(self._last_word(name))
            else:
                self._tasks[name] = task
                self._process.send({"op": "run", "id": name, "job": job.to_dict()})
        return task

    def stop(self, grace: float) -> None:
        """End the engine; jobs that have not ended yet end with `cancelled`."""
        self._stopping = True
        self._process.stop(grace)

    def _wait(self, condition: Callable[[], bool], timeout: float) -> bool:
        """Whether a condition came true in time.

        Raises:
            DvmError: The engine ended instead.
        """
        with self._changed:
            self._changed.wait_for(lambda: condition() or self.over, timeout)
            if self.over and not condition():
                raise DvmError(self._end)
            return condition()

    def _receive(self, event: Event) -> None:
        kind, name = event.get("event"), event.get("id")
        with self._changed:
            if kind == "hello":
                self._greet(event)
            elif kind == "pong" and isinstance(name, str):
                self._pongs.add(name)
            elif isinstance(name, str) and name in self._tasks and isinstance(kind, str):
                self._tasks[name].add(event)
                if kind in protocol.LAST:
                    del self._tasks[name]
            else:
                self._process.note(f"about no job: {str(event)[:200]}")
            self._changed.notify_all()

    def _greet(self, event: Event) -> None:
        if event.get("protocol") == protocol.PROTOCOL:
            self._hello = event
            return
        self._ended(
            f"The engine {self._python} speaks protocol {str(event.get('protocol'))[:20]} and this host "
            f"{protocol.PROTOCOL}: they are of different versions; run `dvm install` again."
        )
        self._process.kill()

    def _ended(self, how: str) -> None:
        with self._changed:
            self._end = self._end or how
            for name, task in self._tasks.items():
                task.add(self._last_word(name))
            self._tasks.clear()
            self._changed.notify_all()

    def _last_word(self, name: str) -> Event:
        event = protocol.cancelled() if self._stopping else protocol.error(DvmError(self._end))
        return dict(event, id=name)
