"""The mean of several runs' averaged weights, its statistics of batch normalisation measured anew.

    python -m dvm_core.training.merge RECIPE STATE [STATE ...] -o OUT.state [--batches 50]

Runs that started from the same weights stray in directions of their own, and their mean is better than each. But a mean
of weights gives features of another spread than the means of their statistics say, so those are measured again, on the
recipe's batches. Statistics gathered while the weights moved are a little behind, too: a single state is worth it.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from dvm_core.model.lite import Lite
from dvm_core.training.dataset import Batches, open_library
from dvm_core.training.norms import norms
from dvm_core.training.recipe import Recipe, load_recipe
from dvm_core.training.state import fill, load_state, save_state

BATCHES = 50


def merge(recipe: Recipe, states: Sequence[Path], out: Path, batches: int = BATCHES) -> Lite:
    """Write the mean of some states as a state, to go on from or to export.

    Args:
        recipe: What to measure the statistics on; those of the fusion, which only windows have, stay the mean.
        states: As `train` saves them; steps and history are the last one's.
        out: State to write.
        batches: Composed batches to measure on; 0 leaves all statistics the mean.

    Returns:
        The network of the mean, in evaluation mode.

    Raises:
        ModelError: One of `states` is no state of such a network.
    """
    network, loaded = Lite(), [load_state(state) for state in states]
    for state, path in zip(loaded, states, strict=True):
        fill(network, state["average"], path)
    network.load_state_dict(mean([state["average"] for state in loaded]))
    if batches:
        measure(network, Batches(recipe, open_library(recipe.data)), batches, bf16=recipe.bf16)
    weights = network.state_dict()
    save_state(out, loaded[-1] | {"network": weights, "average": weights})
    return network.eval()


def mean(all_weights: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """The mean of each weight; what only counts is the last one's."""
    return {
        name: torch.stack([weights[name] for weights in all_weights]).mean(dim=0)
        if value.is_floating_point()
        else value
        for name, value in all_weights[-1].items()
    }


@torch.no_grad()
def measure(network: Lite, batches: Batches, count: int, *, bf16: bool) -> None:
    """Set the statistics of all norms that stills pass through to their means over the first `count` batches."""
    found = norms(network)
    momenta = [norm.momentum for norm in found]
    network.train()
    network.fusion.eval()
    for norm in found:
        if norm.training:
            norm.reset_running_stats()
            norm.momentum = None  # plain means, where a number would forget the first batches
    for number in range(count):
        frames = batches[number]["frames"][:, 0].to(memory_format=torch.channels_last)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
            network(frames)
    for norm, momentum in zip(found, momenta, strict=True):
        norm.momentum = momentum


def main() -> None:
    """Merge from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe")
    parser.add_argument("states", nargs="+", type=Path)
    parser.add_argument("-o", "--out", required=True, type=Path)
    parser.add_argument("--batches", type=int, default=BATCHES)
    options = parser.parse_args()
    recipe = load_recipe(options.recipe)
    torch.set_num_threads(recipe.threads)
    merge(recipe, options.states, options.out, options.batches)

    from dvm_core.training.export import export  # reads safetensors, which a machine that only trains may not have

    export(options.out, recipe, options.out.with_suffix(".safetensors"))


if __name__ == "__main__":
    main()
