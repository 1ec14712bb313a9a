"""The state of a run (weights, average, optimiser, history), saved atomically in pieces, read without unpickling."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from dvm_core.bridge.errors import ModelError
from dvm_core.whole_file import whole_file

SHARD = 15_000_000
"""Largest piece of a saved state, in bytes."""

FORMAT = "dvm-state/1"
_LONGEST_LIST = 1 << 16

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
    """Write a state so that under its name there is always a whole one, in pieces that small transfers can carry.

    Args:
        path: A short list of the pieces; they lie beside it, each named by what it holds and at most `SHARD` bytes.
        state: What `torch.save` takes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = io.BytesIO()
    torch.save(state, whole)
    content = whole.getbuffer()
    pieces = []
    for start in range(0, len(content), SHARD):
        piece = content[start : start + SHARD]
        name = f"{path.name}.{hashlib.sha256(piece).hexdigest()[:16]}"
        if not (path.parent / name).exists():
            _write(path.parent / name, piece)
        pieces.append(name)
    _write(path, json.dumps({"format": FORMAT, "pieces": pieces}, indent=1).encode())
    for old in path.parent.glob(f"{path.name}.*"):
        if old.name not in pieces:
            old.unlink()


def load_state(path: Path) -> dict[str, Any]:
    """Read a state that `save_state` wrote.

    Raises:
        ModelError: No such file, a piece of it missing or damaged, or no state in it.
    """
    try:
        content = io.BytesIO(b"".join(_read(path.parent / name) for name in _pieces(path)))
        state: dict[str, Any] = torch.load(content, map_location="cpu", weights_only=True)
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


def fill(network: nn.Module, weights: Mapping[str, Tensor], path: Path) -> None:
    """Give a network weights that were read from a file.

    Raises:
        ModelError: They are of another network or version.
    """
    try:
        network.load_state_dict(weights)
    except RuntimeError:
        raise ModelError(
            "Expected weights of this network, found those of another, or of another version.", path=path
        ) from None


def _pieces(path: Path) -> list[str]:
    """Names of a state's pieces: plain names, so that a list from elsewhere reaches no other folder."""
    document = json.loads(path.read_bytes()[:_LONGEST_LIST])
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError("no list of a state's pieces")
    names = document.get("pieces")
    if not isinstance(names, list) or not all(isinstance(n, str) and Path(n).name == n for n in names):
        raise ValueError("a list of pieces that is damaged")
    return names


def _read(piece: Path) -> bytes:
    content = piece.read_bytes()
    if hashlib.sha256(content).hexdigest()[:16] != piece.name.rpartition(".")[2]:
        raise ValueError(f"its piece {piece.name} is damaged")
    return content


def _write(path: Path, content: bytes | memoryview) -> None:
    with whole_file(path) as temporary:
        temporary.write_bytes(content)
