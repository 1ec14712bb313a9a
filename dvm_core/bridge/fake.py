"""An engine for the tests of hosts: no process, no pixels, the same interface.

A test says what comes back::

    def answer(job):
        yield protocol.plan(...)
        write_an_exr(...)
        yield protocol.frame(...)
        yield protocol.done(...)


    worker = FakeWorker(answer=answer)
"""

from typing import Callable, Iterable, Iterator, List, Mapping, Optional

from . import protocol
from .errors import DvmError
from .frames import normalise_pattern
from .job import MatteJob
from .protocol import Event
from .task import Task

Answer = Callable[[MatteJob], Iterable[Event]]
"""What a job is answered with; it may write files, and raise a `DvmError`."""


def succeed(job: MatteJob) -> Iterator[Event]:
    """The events of a job that goes well; frame 1 alone where it names no range. No file is written."""
    frames = job.frames or (1,)
    outputs = [normalise_pattern(job.output).path(frame) for frame in frames]
    yield protocol.plan(
        frames,
        model=job.model,
        device="cpu",
        kernels="fake",
        precision="fp32",
        colorspace=job.settings.colorspace,
        tile=0,
        memory_bytes=0,
    )
    for index, (frame, path) in enumerate(zip(frames, outputs), 1):
        yield protocol.frame(frame, 0.0, path, index=index, total=len(frames))
    yield protocol.done(len(frames), 0.0, outputs)


class FakeTask(Task):
    """A task whose job goes on by one event each time it is asked."""

    def __init__(self, name: str, events: Iterator[Event]) -> None:
        super().__init__(self._stop)
        self._name = name
        self._events = events

    def poll(self) -> List[Event]:
        """The next event; see `Task.poll`."""
        self._go_on()
        return super().poll()

    def wait(self, timeout: Optional[float] = None) -> Event:
        """Take all events in; see `Task.wait`."""
        while not self.finished:
            self._go_on()
        return super().wait(timeout)

    def _go_on(self) -> None:
        if not self.finished:
            try:
                event = next(self._events)
            except DvmError as error:
                event = protocol.error(error)
            self.add(dict(event, id=self._name))

    def _stop(self) -> None:
        self._events = iter([protocol.cancelled()])


class FakeWorker:
    """`client.Worker` without an engine.

    Args:
        python: As in `Worker`; not used.
        environment: As in `Worker`; not used.
        answer: Gives the events of each job, the last one included.

    Attributes:
        jobs: Every job that it was given.
    """

    def __init__(
        self, python: str = "", environment: Optional[Mapping[str, str]] = None, *, answer: Answer = succeed
    ) -> None:
        self.jobs: List[MatteJob] = []
        self._answer = answer
        self._runs = False

    @property
    def pid(self) -> Optional[int]:
        """See `Worker.pid`; there is no process."""
        return None

    def start(self, timeout: float = 60.0) -> Event:
        """See `Worker.start`."""
        self._runs = True
        return protocol.hello("fake", "cpu")

    def ping(self, timeout: float = 5.0) -> float:
        """See `Worker.ping`."""
        if not self._runs:
            raise DvmError("The engine is not running; start it first.")
        return 0.0

    def run(self, job: MatteJob) -> Task:
        """See `Worker.run`."""
        self._runs = True
        self.jobs.append(job)
        return FakeTask(f"job-{len(self.jobs)}", iter(self._answer(job)))

    def stop(self) -> None:
        """See `Worker.stop`."""
        self._runs = False
