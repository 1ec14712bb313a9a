"""A job on its way, as a host sees it."""

import threading
from typing import Callable, List, Optional, Tuple

from . import protocol
from .protocol import Event


class Task:
    """The events of one job; safe to use from any thread.

    Args:
        cancel: Called when the host cancels it.
    """

    def __init__(self, cancel: Callable[[], None]) -> None:
        self._cancel = cancel
        self._changed = threading.Condition()
        self._new: List[Event] = []
        self._last: Optional[Event] = None
        self._warnings: List[str] = []

    @property
    def last(self) -> Optional[Event]:
        """The event that ended the job (`done`, `error` or `cancelled`); None while it goes on."""
        return self._last

    @property
    def finished(self) -> bool:
        """Whether the job has ended."""
        return self._last is not None

    @property
    def warnings(self) -> Tuple[str, ...]:
        """What it has warned of so far, in words, for whoever comes back when it is over: events pass by."""
        return tuple(self._warnings)

    def poll(self) -> List[Event]:
        """Events since the last call, the one that ended the job among them; never blocks."""
        with self._changed:
            events, self._new = self._new, []
        return events

    def wait(self, timeout: Optional[float] = None) -> Event:
        """Block until the job has ended; `poll` still gives every event.

        Args:
            timeout: Seconds; None for as long as it takes.

        Returns:
            The last event: `done`, `error` or `cancelled`.

        Raises:
            TimeoutError: It goes on.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._last is not None, timeout)
            if self._last is None:
                raise TimeoutError(f"The job has not ended within {timeout} seconds.")
            return self._last

    def cancel(self) -> None:
        """Ask the engine to stop within a frame; the job then ends with `cancelled`, unless it was quicker."""
        if not self.finished:
            self._cancel()

    def add(self, event: Event) -> None:
        """Take an event in, for whoever talks to the engine; what comes after the last one is dropped."""
        with self._changed:
            if self._last is None:
                self._new.append(event)
                if event["event"] == "warning":
                    self._warnings.append(event["message"])
                if event["event"] in protocol.LAST:
                    self._last = event
                self._changed.notify_all()
