"""What a step minimises: the network's answers to a batch, and the weighted sum of the losses."""

from __future__ import annotations

import torch
from torch import Tensor

from dvm_core.model.lite import Lite
from dvm_core.training import losses
from dvm_core.training.dataset import Batch
from dvm_core.training.recipe import Recipe, Weights


def answer(network: Lite, frames: Tensor, recipe: Recipe) -> Tensor:
    """The network's alphas of a batch.

    Args:
        network: To train.
        frames: (N, T, C, H, W), from a batch.
        recipe: Stills or windows, precision. Windows train all their frames, the outer ones with a neighbour repeated.

    Returns:
        (N, T, 1, H, W), float32.
    """
    with torch.autocast(torch.device(recipe.device).type, torch.bfloat16, enabled=recipe.bf16):
        if not recipe.window:
            still = frames[:, 0].contiguous(memory_format=torch.channels_last)
            alpha: Tensor = network(still)
            return alpha[:, None].float()
        return _forward_clip(network, frames).float()


def _forward_clip(network: Lite, frames: Tensor) -> Tensor:
    """Alphas of all frames of a clip, each encoded once, (N, T, C, H, W) to (N, T, 1, H, W)."""
    count, length = frames.shape[:2]
    flat = frames.flatten(0, 1).contiguous(memory_format=torch.channels_last)
    maps = {name: value.unflatten(0, (count, length)) for name, value in network.encode(network.stem(flat)).items()}
    features = [{name: value[:, at] for name, value in maps.items()} for at in range(length)]
    alphas = []
    for at in range(length):
        beside = range(at - network.window.past, at + network.window.future + 1)
        window = [features[min(max(other, 0), length - 1)] for other in beside]
        own = frames[:, at]
        alphas.append(network.finish(network.context(window, own[:, 4:5]), own))
    return torch.stack(alphas, dim=1)


def total_loss(answer: Tensor, batch: Batch, weights: Weights) -> dict[str, Tensor]:
    """Every loss by name, and their weighted sum as `total`.

    Args:
        answer: (N, T, 1, H, W), alphas of the middle T frames of the batch.
        batch: Truth, with an equal number of frames.
        weights: Weight of each loss; one at 0 is not computed.
    """
    alpha, unknown = batch["alpha"], batch["unknown"]
    predicted, truth, region = answer.flatten(0, 1), alpha.flatten(0, 1), unknown.flatten(0, 1)
    parts: dict[str, Tensor] = {}
    for name in ("soft_alpha", "hard_alpha", "gradient", "divergence", "laplacian"):
        if getattr(weights, name) > 0:
            parts[name] = getattr(losses, name)(predicted, truth, region)
    if weights.composition > 0:
        parts["composition"] = losses.composition(predicted, truth, region, batch["contrast"].flatten(0, 1))
    if weights.temporal > 0 and alpha.shape[1] > 1:
        parts["temporal"] = losses.temporal(answer, alpha, unknown)
    parts["total"] = torch.stack([getattr(weights, name) * value for name, value in parts.items()]).sum()
    return parts
