"""A run's optimiser: which weights are moved how, and how far at each step."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from dvm_core.model.lite import Lite
from dvm_core.training.muon import Muon
from dvm_core.training.recipe import Recipe

OFFSETS = 0.1  # share of the rate that sampling offsets learn at: once astray they hardly come back
_NARROWEST = 12  # sides of a kernel as a matrix; below, orthogonal says little

Groups = list[dict[str, Any]]


def learning_rate(recipe: Recipe, step: int) -> float:
    """Share of the highest rate at a step: a linear rise, then half a cosine down to 0."""
    if step < recipe.warmup:
        return (step + 1) / recipe.warmup
    progress = (step - recipe.warmup) / max(1, recipe.steps - recipe.warmup)
    return 0.5 * (1.0 + math.cos(math.pi * min(1.0, progress)))


class Optimiser:
    """Muon for the kernels of convolutions, AdamW for all else: biases, scales, offsets, narrow kernels.

    Args:
        network: To train; its weights are moved in place. Those that a recipe leaves no rate ask for no gradients any
            more, which saves their backward pass.
        recipe: Rates, decay and steps.
    """

    def __init__(self, network: Lite, recipe: Recipe) -> None:
        self.recipe = recipe
        kernels, rest = _groups(network, recipe)
        self.parts: tuple[torch.optim.Optimizer, ...] = (
            Muon(kernels, lr=recipe.rate, weight_decay=recipe.decay),
            torch.optim.AdamW(rest, lr=recipe.rate, weight_decay=recipe.decay),
        )

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for part in self.parts:
            part.zero_grad(set_to_none=True)

    def step(self, number: int) -> None:
        """Move the weights; `number` counts steps from 0, for the rate."""
        share = learning_rate(self.recipe, number)
        for part in self.parts:
            for group in part.param_groups:
                group["lr"] = self.recipe.rate * group["factor"] * share
            part.step()

    def state_dict(self) -> dict[str, Any]:
        """The moving averages of both, to be saved."""
        return {type(part).__name__: part.state_dict() for part in self.parts}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on with saved averages.

        Raises:
            KeyError, ValueError: The state is of another optimiser or network.
        """
        for part in self.parts:
            part.load_state_dict(state[type(part).__name__])


def _groups(network: Lite, recipe: Recipe) -> tuple[Groups, Groups]:
    """Kernels and the rest, with their share of the rate: what works on windows goes fast, offsets slowly."""
    temporal = {id(weight) for part in network.temporal for weight in part.parameters()}
    offsets = [weight for name, weight in network.named_parameters() if "conv_offset_mask" in name]
    others = [weight for name, weight in network.named_parameters() if "conv_offset_mask" not in name]
    factors = {id(weight): 1.0 if id(weight) in temporal or not recipe.window else recipe.slow for weight in others}
    for weight in others:
        weight.requires_grad_(factors[id(weight)] > 0.0)
    kernels = [weight for weight in others if weight.requires_grad and _is_kernel(weight)]
    rest = [weight for weight in others if weight.requires_grad and not _is_kernel(weight)]
    return _by_factor(kernels, factors), [*_by_factor(rest, factors), {"params": offsets, "factor": OFFSETS}]


def _is_kernel(weight: Tensor) -> bool:
    return weight.ndim == 4 and min(weight.flatten(1).shape) >= _NARROWEST


def _by_factor(weights: Iterable[Tensor], factors: dict[int, float]) -> Groups:
    groups: dict[float, list[Tensor]] = {}
    for weight in weights:
        groups.setdefault(factors[id(weight)], []).append(weight)
    return [{"params": params, "factor": factor} for factor, params in groups.items()]
