"""How long a run waits for its takes: what tells whether enough processes compose."""

from __future__ import annotations

import time
from collections.abc import Iterator

from dvm_core.training.dataset import Batch


class Waiting:
    """Batches as they come, and the share of the time that was spent waiting for them.

    The first is not counted: it waits for processes to start, however many there are. On a GPU the share is the most
    that it can have stood idle, for it works on what it was given while its process waits.

    Args:
        batches: Those of a run's steps.
    """

    def __init__(self, batches: Iterator[Batch]) -> None:
        self._batches = batches
        self._begun: float | None = None
        self._waited = 0.0

    def __iter__(self) -> Iterator[Batch]:
        """The batches."""
        asked = time.monotonic()
        for batch in self._batches:
            now = time.monotonic()
            if self._begun is None:
                self._begun = now
            else:
                self._waited += now - asked
            yield batch
            asked = time.monotonic()

    @property
    def share(self) -> float:
        """Waiting as a share of the time since the first batch, in [0, 1]."""
        if self._begun is None:
            return 0.0
        return self._waited / max(time.monotonic() - self._begun, 1e-9)
