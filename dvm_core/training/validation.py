"""A fixed set of unseen takes, and plain errors on it: what a run is judged by while it goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from dvm_core.model.cues import network_input
from dvm_core.model.lite import Lite
from dvm_core.training.library import Library
from dvm_core.training.noise import Array
from dvm_core.training.synthetic import Take, make_take
from dvm_core.training.variety import NATURAL, WILD

VALIDATION_SEED = 900_001
"""Of the pictures that validation is composed from; no recipe may train on it."""

RADIUS = 10
"""Dilation of the validation's trimaps, in pixels."""


def make_validation(
    library: Library, *, takes: int, size: int, frames: int = 1, natural: float = 0.0, seed: int = 900_002
) -> list[Take]:
    """Compose the validation takes; the library must be one that no training saw.

    Args:
        library: Pictures to compose from.
        takes: How many.
        size: Height and width in pixels.
        frames: Frames in a take, an odd number.
        natural: Share of takes that look like a shot: a run is judged by what it is taught.
        seed: Of the takes.
    """
    first_wild = round(natural * takes)
    return [
        make_take(
            library,
            np.random.default_rng([seed, frames, number]),
            size,
            frames=frames,
            variety=replace(NATURAL if number < first_wild else WILD, radius=RADIUS),
        )
        for number in range(takes)
    ]


def score(alphas: Sequence[Array], takes: Sequence[Take]) -> dict[str, float]:
    """Mean over the takes of the errors in the unknown region of the middle frame.

    Args:
        alphas: For each take (H, W) in [0, 1].
        takes: The truth.

    Returns:
        `mae` and `mse`, means over unknown pixels, and `sad`, their sum of absolute errors in thousands.
    """
    mae, mse, sad = [], [], []
    for alpha, take in zip(alphas, takes, strict=True):
        middle = len(take.alphas) // 2
        unknown = take.trimaps[middle] == 128
        if not unknown.any():
            continue
        error = np.abs(alpha - take.alphas[middle])[unknown]
        mae.append(error.mean())
        mse.append((error**2).mean())
        sad.append(error.sum() / 1000)
    return {"mae": float(np.mean(mae)), "mse": float(np.mean(mse)), "sad": float(np.mean(sad))}


@torch.no_grad()
def matte(network: Lite, take: Take, *, window: bool = False) -> Array:
    """The network's alpha of a take's middle frame, (H, W); what the trimap knows is taken from it."""
    training = network.training
    network.eval()
    middle = len(take.plates) // 2
    device = next(network.parameters()).device
    at = range(len(take.plates)) if window else [middle]
    frames = torch.from_numpy(np.stack([network_input(take.plates[i], take.trimaps[i]) for i in at])).to(device)
    answer = network.forward_window(frames[None]) if window else network(frames)
    network.train(training)
    return _known_from_trimap(answer[0, 0].float().cpu().numpy(), take.trimaps[middle])


def _known_from_trimap(alpha: Array, trimap: NDArray[np.uint8]) -> Array:
    """Put 0 and 1 where the trimap says so."""
    return np.where(trimap == 128, alpha, trimap.astype(np.float32) / 255.0).astype(np.float32)
