"""Training in slices: a run stops after so many minutes, and goes on from its state as if it had never stopped."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import torch

from dvm_core.ops import stand_ins
from dvm_core.ops.device import device_of
from dvm_core.training.dataset import load, open_library
from dvm_core.training.recipe import Recipe
from dvm_core.training.run import Run
from dvm_core.training.waiting import Waiting

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainResult:
    """Where a slice of training ended.

    Attributes:
        step: Steps done in all.
        state: File to resume from.
        scores: Last validation of the averaged weights.
        finished: Whether the recipe's last step is done.
        weights: File that `dvm matte --model` takes; empty where safetensors is not installed.
        waited: Share of the steps' time in which the optimiser waited for takes; more `loaders` bring it down.
    """

    step: int
    state: Path
    scores: dict[str, float]
    finished: bool
    weights: str
    waited: float


@stand_ins()
def train(
    recipe: Recipe,
    minutes: float | None = None,
    resume: str | Path | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> TrainResult:
    """Train until the recipe's last step, or for so many minutes.

    Where our kernels are not built, others stand in (`ops.stand_ins`), and the log says which.

    Args:
        recipe: Every number of the run.
        minutes: Time for this slice; None for no limit.
        resume: State to go on from. Its step counts; a recipe of another length gives another learning rate.
        stopped: Asked after each step; once it says so, the slice ends as if its time were up.

    Raises:
        ModelError: `resume` is no state of such a network.
        UsageError: The recipe names no device.
        DeviceError: It names a GPU that is not there.
    """
    recipe = replace(recipe, device=str(device_of(recipe.device)))
    torch.set_num_threads(recipe.threads)
    cv2.setNumThreads(1)  # a pool of threads does not survive the loaders' fork
    run = Run(recipe, resume)
    end = math.inf if minutes is None else time.monotonic() + 60.0 * minutes
    batches = Waiting(load(recipe, open_library(recipe.data), run.step))
    for batch in batches:
        run.advance(batch)
        if time.monotonic() >= end or stopped():
            break
    waited = batches.share
    run.validate()
    run.save()
    return TrainResult(run.step, run.state_file, run.scores, run.step >= recipe.steps, _export(run), waited)


def _export(run: Run) -> str:
    """Write the weight file, where there is a writer."""
    out = run.out / f"{run.recipe.name}.safetensors"
    try:
        from dvm_core.training.export import export
    except ModuleNotFoundError:
        log.info("safetensors is not installed: the weights stay in %s", run.state_file)
        return ""
    export(run.state_file, run.recipe, out)
    return str(out)
