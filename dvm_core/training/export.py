"""From the state of a run to a weight file with its training record."""

from __future__ import annotations

import platform
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from dvm_core.model import weights
from dvm_core.model.weight_file import Record
from dvm_core.training.recipe import Recipe
from dvm_core.training.state import History, load_state

SOURCE = "dvm train, on procedural and rendered takes with exact alpha"
LICENCE = "Apache-2.0"
_LARGEST_VARIANCE = 3e4  # half precision ends at 65504


def export(state: Path, recipe: Recipe, out: Path) -> Record:
    """Write a run's averaged weights as a weight file that `dvm matte --model` takes.

    Args:
        state: As `train` saves it.
        recipe: Of the run, for the training record.
        out: File to write.

    Returns:
        What the file says about itself.

    Raises:
        ModelError: `state` is no state of such a network.
        OutputError: `out` cannot be written.
    """
    saved = load_state(state)
    record = Record("lite", {"past": 1, "future": 1}, SOURCE, LICENCE, training=training_record(saved, recipe))
    return weights.save(in_half_range(saved["average"]), out, record)


def in_half_range(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Move variances of batch normalisation that half precision cannot hold into the convolutions before them.

    The network stays the same. Smaller ones stay too, so that training can go on from the file at the scale that the
    weights were trained at. Names as in `blocks.ConvNormReLU` (`conv`, `norm`), or `0` and `1` of a sequence.
    """
    state = dict(state)
    for name in [name for name in state if name.endswith(".running_var")]:
        scale = torch.sqrt(_LARGEST_VARIANCE / state[name].clamp(min=_LARGEST_VARIANCE))
        norm = name.removesuffix(".running_var")
        parent, _, last = norm.rpartition(".")
        weight = f"{parent}.{'conv' if last == 'norm' else int(last) - 1}.weight"
        state[weight] = state[weight] * scale[:, None, None, None]
        state[f"{norm}.running_mean"] = state[f"{norm}.running_mean"] * scale
        state[name] = state[name] * scale**2
    return state


def training_record(saved: dict[str, Any], recipe: Recipe) -> dict[str, Any]:
    """What a weight file tells about its training: recipe, steps, samples, machine, hours, scores.

    Args:
        saved: A state.
        recipe: Of the run; paths of this machine are left out.
    """
    history: History = saved["history"]
    told = asdict(replace(recipe, out="", start=Path(recipe.start).name, data=replace(recipe.data, library="")))
    told["data"] |= {"photographs": bool(recipe.data.photographs), "rendered": bool(recipe.data.rendered)}
    validations = [entry for entry in history if "mae" in entry]
    return {
        "recipe": told,
        "steps": int(saved["step"]),
        "pixels": int(saved["step"]) * recipe.pixels,
        "hours": round(sum(entry["seconds"] for entry in history) / 3600, 2),
        "machine": f"{platform.machine()} {recipe.device}, {recipe.threads} thread(s), torch {torch.__version__}",
        "validation": validations[-1] if validations else {},
    }
