"""Finetuning: a few finished alphas of a shot adapt `lite` to that shot, in minutes.

Few weights move, those nearest to the answer (`TRAINED`): they say how this shot's colours, grain and edges become
alpha, while what the network knows of pictures stays. They are pulled back to where they started, statistics of batch
normalisation rest, and part of each finished frame is held out. Of all weights that were checked the best by what is
held out are kept, the first ones included: never worse by that measure.
"""

from __future__ import annotations

import copy
import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from dvm_core.model.lite import Lite
from dvm_core.training.crops import Crops, Example
from dvm_core.training.dataset import on_device
from dvm_core.training.norms import train_at_rest
from dvm_core.training.objective import total_loss
from dvm_core.training.recipe import Weights

log = logging.getLogger(__name__)

TRAINED = ("head.", "decoder.", "adjust.", "trust.")
"""Names that the trained weights begin with."""

_LOSSES = Weights(composition=0.0, temporal=0.0)  # these two need more than one frame's alpha
_AVERAGE = 0.98  # decay of the moving average, for each step
_WARMUP = 20  # steps
_PULL = 0.5  # towards the start, for each step of full rate
_CLIP = 1.0  # largest norm of the gradient


@dataclass(frozen=True)
class Tuning:
    """How to finetune.

    Attributes:
        minutes: Time to train for, checks of what is held out included; unused where `steps` are given.
        steps: Optimiser steps; 0 for as many as fit. At equal steps, seed, device and threads the result is equal too.
        rate: Highest learning rate.
        pixels: Pixels in a batch, neighbours included.
        windows: Share of the steps that see neighbours.
        held: Share of the unknown squares that are held out.
        checks: Crops that are scored, at most.
        rounds: How often they are scored.
        seed: Of crops and squares.
        device: torch device.
        bf16: Whether training's forward passes run in bfloat16.
    """

    minutes: float = 10.0
    steps: int = 0
    rate: float = 3e-4
    pixels: int = 110_000
    windows: float = 0.5
    held: float = 0.15
    checks: int = 16
    rounds: int = 8
    seed: int = 0
    device: str = "cpu"
    bf16: bool = False


@dataclass(frozen=True)
class Tuned:
    """What came of it.

    Attributes:
        changes: Differences from the weights at the start, by name, as they are stored; none where nothing helped.
        steps: Steps done.
        kept: Step whose weights were kept; 0 for the start.
        minutes: Time it took.
        before: Mean absolute error of held out pixels at the start.
        after: The same with `changes`.
    """

    changes: dict[str, Tensor]
    steps: int
    kept: int
    minutes: float
    before: float
    after: float


def finetune(network: Lite, examples: Sequence[Example], tuning: Tuning) -> Tuned:
    """Adapt a network to a shot.

    Args:
        network: To start from; it stays as it is.
        examples: Finished frames, all of one size.
        tuning: How.

    Raises:
        InputError: The examples have too few unknown pixels.
    """
    return _Finetuning(network, examples, tuning).run()


class _Finetuning:
    """A run and its moving parts: the network, the average of its trained weights, and the best so far."""

    def __init__(self, network: Lite, examples: Sequence[Example], tuning: Tuning) -> None:
        self.tuning = tuning
        self.started = time.monotonic()
        self.crops = Crops(examples, network.window.past, held=tuning.held, seed=tuning.seed)
        self.checks = self.crops.checks(tuning.checks)
        self.network = copy.deepcopy(network).to(tuning.device)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.network.requires_grad_(requires_grad=False)
        self.trained = {
            name: weight.requires_grad_() for name, weight in self.network.named_parameters() if _is_trained(name)
        }
        self.start = {name: weight.detach().clone() for name, weight in self.trained.items()}
        self.average = {name: weight.clone() for name, weight in self.start.items()}
        self.optimiser = torch.optim.AdamW(self.trained.values(), lr=tuning.rate, weight_decay=0.0)
        self.step = 0

    def run(self) -> Tuned:
        """Train, check, keep."""
        before = self._error(self.start)
        kept = (before, 0, dict[str, Tensor]())
        progress = 0.0
        for share in (number / self.tuning.rounds for number in range(1, self.tuning.rounds + 1)):
            if progress >= share:
                continue
            while progress < share:
                self._advance(progress)
                progress = self._progress()
            found = self._changes()
            error = self._error({name: self.start[name] + change.float() for name, change in found.items()})
            log.info("step %d, %.1f min: held out error %.3f of before", self.step, self._minutes(), error / before)
            progress = self._progress()
            if error < kept[0]:
                kept = (error, self.step, {name: change.cpu() for name, change in found.items()})
        after, step, changes = kept
        return Tuned(changes, self.step, step, self._minutes(), before, after)

    def _minutes(self) -> float:
        return (time.monotonic() - self.started) / 60.0

    def _progress(self) -> float:
        """From 0 at the start to 1 at the end."""
        if self.tuning.steps:
            return self.step / self.tuning.steps
        return min(self._minutes() / self.tuning.minutes, 1.0)

    def _advance(self, progress: float) -> None:
        tuning = self.tuning
        window = int((self.step + 1) * tuning.windows) > int(self.step * tuning.windows)
        batch = on_device(self.crops.batch(self.step, tuning.pixels, window=window), tuning.device)
        share = min(1.0, (self.step + 1) / _WARMUP) * 0.5 * (1.0 + math.cos(math.pi * progress))
        for group in self.optimiser.param_groups:
            group["lr"] = tuning.rate * share
        train_at_rest(self.network)  # the statistics of a few crops are noise
        with torch.autocast(torch.device(tuning.device).type, torch.bfloat16, enabled=tuning.bf16):
            alphas, answers = self._answer(batch["frames"])
        loss = total_loss(alphas.float(), answers.float(), batch, _LOSSES)["total"]
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.trained.values(), _CLIP)
        self.optimiser.step()
        self._follow(tuning.rate * share * _PULL)
        self.step += 1

    @torch.no_grad()
    def _follow(self, pull: float) -> None:
        """Pull the weights towards the start, and the average towards them."""
        keep = min(_AVERAGE, (1.0 + self.step) / (10.0 + self.step))
        for name, weight in self.trained.items():
            weight.lerp_(self.start[name], pull)
            self.average[name].lerp_(weight, 1.0 - keep)

    def _answer(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """The network's alphas and what they were weighed from, (N, 1, 1, H, W) and (N, 1, 2, H, W)."""
        if frames.shape[1] > 1:
            return self.network.clip(frames, [range(frames.shape[1])])
        alphas, answers = self.network.still(frames[:, 0].contiguous(memory_format=torch.channels_last))
        return alphas[:, None], answers[:, None]

    def _changes(self) -> dict[str, Tensor]:
        """What the average differs by, as it will be stored: halves, but for the few that each channel has."""
        changes = {name: self.average[name] - weight for name, weight in self.start.items()}
        return {name: change.half() if change.ndim > 1 else change for name, change in changes.items()}

    @torch.no_grad()
    def _error(self, weights: dict[str, Tensor]) -> float:
        """Mean absolute error of the held out pixels with some weights in place of the trained ones."""
        now = {name: weight.detach().clone() for name, weight in self.trained.items()}
        self._put(weights)
        self.network.eval()
        errors, pixels = 0.0, 0
        for check in self.checks:
            batch = on_device(check, self.tuning.device)
            unknown = batch["unknown"]
            errors += float(
                ((self._answer(batch["frames"])[0] - batch["alpha"]).abs() * unknown).sum(dtype=torch.float64)
            )
            pixels += int(unknown.sum())
        self._put(now)
        return errors / pixels

    @torch.no_grad()
    def _put(self, weights: dict[str, Tensor]) -> None:
        for name, weight in self.trained.items():
            weight.copy_(weights[name])


def _is_trained(name: str) -> bool:
    return name.startswith(TRAINED)
