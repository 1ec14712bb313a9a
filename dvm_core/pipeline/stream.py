"""Reading, computing and writing at the same time: one thread each, with bounded queues between them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")
_POLL = 0.1  # seconds between looks at whether the other side is still there


class _End:
    """Marks the end of a stream, and the error that ended it, if one did."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


class ReadAhead(Generic[Item]):
    """Iterates over items in a thread of its own; leaving the context stops that thread.

    An error in `items` is raised where its item would have come.

    Args:
        items: What to iterate over, in the thread.
        depth: Items that may wait.
    """

    def __init__(self, items: Iterable[Item], depth: int) -> None:
        self._items = items
        self._waiting: queue.Queue[Item | _End] = queue.Queue(depth)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="dvm-read", daemon=True)

    def __enter__(self) -> Iterator[Item]:
        self._thread.start()
        return self._arriving()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _arriving(self) -> Iterator[Item]:
        while not isinstance(item := self._waiting.get(), _End):
            yield item
        if item.error is not None:
            raise item.error

    def _run(self) -> None:
        try:
            for item in self._items:
                self._put(item)
                if self._stopped.is_set():
                    return
        except BaseException as error:
            self._put(_End(error))
        else:
            self._put(_End())

    def _put(self, item: Item | _End) -> None:
        while not self._stopped.is_set():
            try:
                self._waiting.put(item, timeout=_POLL)
            except queue.Full:
                continue
            return


class WriteBehind(Generic[Item]):
    """Hands items to `write` in a thread of its own, at most `depth` of them waiting.

    Leaving the context writes what still waits, whatever happened, and then raises what `write` raised. After a failed
    write nothing more is written.

    Args:
        write: Called with each item, in order.
        depth: Items that may wait.
    """

    def __init__(self, write: Callable[[Item], None], depth: int) -> None:
        self._write = write
        self._waiting: queue.Queue[Item | _End] = queue.Queue(depth)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="dvm-write", daemon=True)

    def __enter__(self) -> WriteBehind[Item]:
        self._thread.start()
        return self

    def put(self, item: Item) -> None:
        """Queue an item; raises what an earlier item's write raised."""
        if self._error is not None:
            raise self._error
        self._waiting.put(item)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._waiting.put(_End())
        self._thread.join()
        if self._error is not None and error is not self._error:
            raise self._error

    def _run(self) -> None:
        while not isinstance(item := self._waiting.get(), _End):
            if self._error is None:
                try:
                    self._write(item)
                except BaseException as error:
                    self._error = error
