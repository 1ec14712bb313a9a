"""What composing takes costs beside the steps that use them: how many processes keep a device busy.

    python benchmarks/training.py [--device cuda] [--steps 12]

Stills and windows as the shipped recipes have them, with a small library of procedural pictures. Composing is measured
on one thread, as loaders do it; a step on what the device has, at the recipe's number of threads.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path

import cv2
import torch

from dvm_core.ops.device import device_of
from dvm_core.training.dataset import Batch, Batches, on_device, open_library
from dvm_core.training.library import Library
from dvm_core.training.recipe import Recipe, load_recipe
from dvm_core.training.run import Run

RECIPES = ("lite_stills_on", "lite_windows")
PICTURES = 32
WARM_UP = 3  # steps


def recipe_of(name: str, folder: Path, device: str) -> Recipe:
    """A shipped recipe on a small library, from fresh weights (reading any wants safetensors), all in this process."""
    with resources.as_file(resources.files("dvm_core.training.recipes") / f"{name}.json") as path:
        recipe = load_recipe(path)
    data = replace(
        recipe.data, library=str(folder), foregrounds=PICTURES, backgrounds=PICTURES, rendered="", photographs=""
    )
    return replace(recipe, data=data, start="", out=str(folder / "run"), device=device, loaders=0)


def composed(recipe: Recipe, library: Library, count: int) -> tuple[list[Batch], float]:
    """The first batches of a run, and pixels a second that one thread composes; the first few are not counted."""
    batches = Batches(recipe, library)
    made = [batches[number] for number in range(WARM_UP)]
    start = time.perf_counter()
    made += [batches[number] for number in range(WARM_UP, WARM_UP + count)]
    return made, sum(map(_pixels, made[WARM_UP:])) / (time.perf_counter() - start)


def trained(recipe: Recipe, batches: Sequence[Batch]) -> float:
    """Pixels a second that the optimiser steps through, the batches at hand; the first few are not counted, either."""
    torch.set_num_threads(recipe.threads)
    run = Run(recipe, None)
    there = [on_device(batch, recipe.device) for batch in batches]
    for batch in there[:WARM_UP]:
        run.advance(batch)
    _settle(recipe.device)
    start = time.perf_counter()
    for batch in there[WARM_UP:]:
        run.advance(batch)
    _settle(recipe.device)
    return sum(map(_pixels, there[WARM_UP:])) / (time.perf_counter() - start)


def _pixels(batch: Batch) -> int:
    return batch["alpha"].numel()


def _settle(device: str) -> None:
    if device != "cpu":
        torch.cuda.synchronize(device)


def report(device: str, steps: int) -> None:
    """Print a line for each recipe."""
    logging.disable(logging.INFO)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory(prefix="dvm-bench-") as name:
        for which in RECIPES:
            recipe = recipe_of(which, Path(name), device)
            batches, made = composed(recipe, open_library(recipe.data), steps)
            used = trained(recipe, batches)
            loaders = used / recipe.repeats / made
            print(
                f"{which}: a process composes {made / 1e6:.2f} million pixels a second, the optimiser steps through "
                f"{used / 1e6:.2f} on {device}; at {recipe.repeats} steps a batch {loaders:.2f} processes keep it busy"
            )


def main() -> None:
    """Measure on the device that was named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--steps", type=int, default=12)
    options = parser.parse_args()
    report(str(device_of(options.device)), options.steps)


if __name__ == "__main__":
    main()
