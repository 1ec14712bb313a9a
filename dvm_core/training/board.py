"""A run's numbers for TensorBoard, where it is installed."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any


class Board:
    """Losses and validation scores, written as they come; does nothing where TensorBoard is missing.

    Args:
        folder: That `tensorboard --logdir` is given; each slice of a run adds a file.
        step: The run's last step so far. What an interrupted slice wrote beyond it is hidden, since it is done again.
    """

    def __init__(self, folder: Path, step: int) -> None:
        self._writer: Any = None
        try:
            package = import_module("torch.utils.tensorboard")
        except ModuleNotFoundError:
            return
        self._writer = package.SummaryWriter(str(folder), purge_step=step + 1 if step else None)

    def note(self, group: str, values: Mapping[str, float], step: int) -> None:
        """Add the values of a step, each as `group/name`."""
        if self._writer is not None:
            for name, value in values.items():
                self._writer.add_scalar(f"{group}/{name}", value, step)

    def flush(self) -> None:
        """Put on disk what was added."""
        if self._writer is not None:
            self._writer.flush()
