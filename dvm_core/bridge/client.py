"""The host's end of the bridge: a long-lived engine that runs jobs one after another.

    worker = Worker()
    task = worker.run(job)                  # returns at once; the engine starts if it does not run yet
    ...
    for event in task.poll():               # in a timer or a modal operator
        show(event)
    ...
    worker.stop()

Weights stay loaded from job to job, so keep one worker for a whole session of the host.
"""

import atexit
import threading
from typing import Mapping, Optional

from .conversation import Conversation
from .engine import find_python
from .errors import DvmError
from .job import MatteJob
from .protocol import Event
from .task import Task

__all__ = ["Task", "Worker"]

_GRACE = 3.0  # seconds from quit to terminate, and from terminate to kill


class Worker:
    """An engine process, started when it is needed and again after it crashed. Use it from any thread.

    Args:
        python: The Python that runs the engine, from the host's settings; "" to look where `find_python` does.
        environment: Variables for the engine's environment, besides what it keeps of the host's.
    """

    def __init__(self, python: str = "", environment: Optional[Mapping[str, str]] = None) -> None:
        self._python = python
        self._environment = environment
        self._lock = threading.Lock()
        self._conversation: Optional[Conversation] = None

    @property
    def pid(self) -> Optional[int]:
        """The engine's process id; None where none runs."""
        conversation = self._conversation
        return None if conversation is None or conversation.over else conversation.pid

    def start(self, timeout: float = 60.0) -> Event:
        """Start the engine if it does not run yet, and wait until it is up.

        Args:
            timeout: Seconds; the first start after an installation takes longest.

        Returns:
            Its `hello`: protocol, version, device.

        Raises:
            EngineNotFound: Nothing says where the engine is.
            DvmError: It cannot be started, did not come up in time, or speaks another protocol.
        """
        return self._running().hello(timeout)

    def ping(self, timeout: float = 5.0) -> float:
        """Seconds that a message takes to the engine and back, also while it works.

        Raises:
            DvmError: The engine is not running, or did not answer in time.
        """
        conversation = self._conversation
        if conversation is None or conversation.over:
            raise DvmError("The engine is not running; start it first.")
        return conversation.ping(timeout)

    def run(self, job: MatteJob) -> Task:
        """Hand a job to the engine and return at once; jobs run one at a time, in order.

        Args:
            job: The job, with full paths.

        Raises:
            EngineNotFound: Nothing says where the engine is.
            DvmError: The engine cannot be started.
        """
        return self._running().run(job)

    def stop(self) -> None:
        """End the engine, if one runs; jobs that have not ended yet end with `cancelled`, finished frames stay."""
        with self._lock:
            conversation, self._conversation = self._conversation, None
        if conversation is not None:
            atexit.unregister(self.stop)
            conversation.stop(_GRACE)

    def _running(self) -> Conversation:
        with self._lock:
            if self._conversation is None or self._conversation.over:
                self._conversation = Conversation(find_python(self._python), self._environment)
                atexit.unregister(self.stop)
                atexit.register(self.stop)
            return self._conversation
