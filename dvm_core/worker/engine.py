"""Runs a host's jobs one after another, with what is worth keeping kept between them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from dvm_core.bridge import protocol
from dvm_core.bridge.errors import Cancelled, DvmError
from dvm_core.bridge.job import MatteJob
from dvm_core.bridge.protocol import Event
from dvm_core.faults import as_dvm_errors
from dvm_core.model import weights
from dvm_core.pipeline import run_job


class Engine:
    """Runs jobs; a job's result is what it would be in a process of its own."""

    def __init__(self) -> None:
        self._threads = torch.get_num_threads()
        self._models = LoadedModel()

    def run(self, document: Any, *, emit: Callable[[Event], None], cancelled: Callable[[], bool]) -> None:
        """Run a job to its last event, whatever happens.

        Args:
            document: The job's document; it may be anything.
            emit: Receives its events.
            cancelled: Asked before each frame.
        """
        try:
            with as_dvm_errors():
                job = MatteJob.from_dict(document, base="")
                # A job that names no threads gets the machine's, not those of the job before it.
                torch.set_num_threads(self._threads)
                run_job(job, emit=emit, cancelled=cancelled, load=self._models.load)
        except DvmError as fault:
            emit(protocol.cancelled() if isinstance(fault, Cancelled) else protocol.error(fault))
        finally:
            if torch.cuda.is_initialized():
                torch.cuda.empty_cache()  # the host needs the GPU's memory between jobs


class LoadedModel:
    """Keeps the last model that was asked for, as long as its file stays what it was."""

    def __init__(self) -> None:
        self._identity: tuple[object, ...] = ()
        self._model: nn.Module | None = None

    def load(self, name: str) -> nn.Module:
        """The model of a name or file, as `weights.load` gives it.

        Raises:
            ModelError: As `weights.load` raises it.
        """
        identity = (name, *_stamp(name))
        if self._model is None or self._identity != identity:
            self._model = None  # two at once may not fit
            self._model, self._identity = weights.load(name), identity
        return self._model


def _stamp(name: str) -> tuple[object, ...]:
    """What changes when a model's file does; nothing for a model without a file."""
    if name == "closed-form":
        return ()
    path = Path(weights.find(name))
    try:
        found = path.stat()
    except OSError:
        return (path,)
    return (path, found.st_size, found.st_mtime_ns)
