"""The state of a run (weights, their average, optimiser, history), saved atomically and read without unpickling."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from dvm_core.bridge.errors import ModelError

History = list[dict[str, float]]
"""One entry for each logged step: `step`, and losses or validation scores by name."""


class Average:
    """Exponential moving average of a network's floating-point weights and statistics.

    Args:
        network: To follow.
        decay: For each step; it starts low, so that the first weights are soon forgotten.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self._decay = decay
        self.values = {name: value.detach().clone() for name, value in network.state_dict().items()}

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Move towards the network's present weights."""
        weight = 1.0 - min(self._decay, (1.0 + step) / (10.0 + step))
        for name, value in network.state_dict().items():
            if value.is_floating_point():
                self.values[name].lerp_(value, weight)
            else:
                self.values[name].copy_(value)


def save_state(path: Path, state: dict[str, Any]) -> None:
    """Write a state so that under its name there is always a whole one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    torch.save(state, partial)
    partial.replace(path)


def load_state(path: Path) -> dict[str, Any]:
    """Read a state that `save_state` wrote.

    Raises:
        ModelError: No such file, or no state in it.
    """
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        missing = {"network", "average", "optimiser", "step", "history"} - state.keys()
    except (OSError, RuntimeError, EOFError, AttributeError, ValueError, pickle.UnpicklingError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(f"Expected the state of a training run, found: {first}.", path=path) from None
    if missing:
        raise ModelError(f"Expected the state of a training run, found a file without {sorted(missing)}.", path=path)
    return state


def load_average(path: Path) -> dict[str, Tensor]:
    """The averaged weights of a saved state, the ones to use."""
    average: dict[str, Tensor] = load_state(path)["average"]
    return average
