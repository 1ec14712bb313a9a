"""What a step minimises: the network's answers to a batch, and the weighted sum of the losses."""

from __future__ import annotations

import torch
from torch import Tensor

from dvm_core.model.lite import Lite
from dvm_core.training import losses
from dvm_core.training.dataset import Batch
from dvm_core.training.recipe import Recipe, Weights


def answer(network: Lite, frames: Tensor, recipe: Recipe, *, alone: bool = False) -> tuple[Tensor, Tensor]:
    """The network's alphas of a batch, and the answers that they were weighed from.

    Args:
        network: To train.
        frames: (N, T, C, H, W), from a batch.
        recipe: Stills or windows, precision. Windows train all their frames, the outer ones with a neighbour repeated.
        alone: Leave the neighbours of windows out.

    Returns:
        (N, T, 1, H, W) and (N, T, 2, H, W), float32.
    """
    with torch.autocast(torch.device(recipe.device).type, torch.bfloat16, enabled=recipe.bf16):
        if not recipe.window:
            still = frames[:, 0].contiguous(memory_format=torch.channels_last)
            alpha, answers = network.still(still)
            return alpha[:, None].float(), answers[:, None].float()
        count, length = frames.shape[:2]
        flat = frames.flatten(0, 1).contiguous(memory_format=torch.channels_last)
        alphas, answers = network.clip(flat.unflatten(0, (count, length)), _windows(network, length, alone=alone))
        return alphas.float(), answers.float()


def _windows(network: Lite, length: int, *, alone: bool) -> list[list[int]]:
    """Of each frame of a clip, its window's frames; the ends repeat."""
    past, future = network.window.past, network.window.future
    if alone:
        return [[at] * network.window.length for at in range(length)]
    return [[min(max(other, 0), length - 1) for other in range(at - past, at + future + 1)] for at in range(length)]


def total_loss(answer: Tensor, answers: Tensor, batch: Batch, weights: Weights) -> dict[str, Tensor]:
    """Every loss by name, and their weighted sum as `total`.

    Args:
        answer: (N, T, 1, H, W), alphas of the batch's frames.
        answers: (N, T, 2, H, W), what they were weighed from; each is to be good by itself.
        batch: Truth, with an equal number of frames.
        weights: Weight of each loss; one at 0 is not computed.
    """
    alpha, unknown = batch["alpha"], batch["unknown"]
    predicted, truth, region = answer.flatten(0, 1), alpha.flatten(0, 1), unknown.flatten(0, 1)
    parts: dict[str, Tensor] = {}
    for name in ("soft_alpha", "hard_alpha", "gradient", "divergence", "laplacian"):
        if getattr(weights, name) > 0:
            parts[name] = getattr(losses, name)(predicted, truth, region)
    if weights.answers > 0:
        parts["answers"] = losses.masked_mean(
            (answers.flatten(0, 1) - truth).abs(), region.expand_as(answers.flatten(0, 1))
        )
    if weights.composition > 0:
        parts["composition"] = losses.composition(predicted, truth, region, batch["contrast"].flatten(0, 1))
    if weights.temporal > 0 and alpha.shape[1] > 1:
        parts["temporal"] = losses.temporal(answer, alpha, unknown)
    parts["total"] = torch.stack([getattr(weights, name) * value for name, value in parts.items()]).sum()
    return parts
