"""A training run's moving parts: network, optimiser, average, history, and what happens at each step."""

from __future__ import annotations

import copy
import json
import logging
import time
from pathlib import Path

import torch
from torch import Tensor, nn

from dvm_core.bridge.errors import ModelError
from dvm_core.model.lite import Lite
from dvm_core.training.board import Board
from dvm_core.training.curves import draw_curves
from dvm_core.training.dataset import Batch
from dvm_core.training.library import make_library
from dvm_core.training.norms import norms, train_at_rest
from dvm_core.training.objective import answer, total_loss
from dvm_core.training.optimiser import Optimiser
from dvm_core.training.recipe import Recipe
from dvm_core.training.state import Average, History, fill, load_average, load_state, save_state
from dvm_core.training.synthetic import Take
from dvm_core.training.validation import VALIDATION_SEED, make_validation, matte, score

log = logging.getLogger(__name__)

STATISTICS = 0.01  # a batch's part in the moving statistics: the few pictures of one say little
_LOG_EVERY = 10  # steps


class Run:
    """A run, fresh or resumed.

    Args:
        recipe: Every number of it.
        resume: State to go on from; None for a fresh run.

    Raises:
        ModelError: `resume`, or what the recipe starts from, holds no such network, or cannot be read here.
    """

    def __init__(self, recipe: Recipe, resume: str | Path | None) -> None:
        self.recipe = recipe
        self.out = Path(recipe.out)
        self.out.mkdir(parents=True, exist_ok=True)
        self.state_file = self.out / f"{recipe.name}.state"
        self.step = 0
        self.history: History = []
        self.scores: dict[str, float] = {}
        torch.manual_seed(recipe.seed)
        self.network = (_start(recipe) if resume is None else Lite()).to(recipe.device)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        for norm in norms(self.network):
            norm.momentum = STATISTICS
        self.optimiser = Optimiser(self.network, recipe)
        self.average = Average(self.network, recipe.average)
        if resume is not None:
            self._resume(Path(resume))
        self._board = Board(self.out / "tensorboard" / recipe.name, self.step)
        self._validation = _validation(recipe)
        self._saved = self._logged = time.monotonic()

    def _resume(self, path: Path) -> None:
        state = load_state(path)
        try:
            self.network.load_state_dict(state["network"])
            self.optimiser.load_state_dict(state["optimiser"])
        except (KeyError, RuntimeError, ValueError):
            raise ModelError(
                'Expected a state of this network and optimiser, found one of another version; give it as "start" of '
                "the recipe instead, which takes its weights alone.",
                path=path,
            ) from None
        self.step, self.history = state["step"], state["history"]
        self.average.values = {name: value.to(self.recipe.device) for name, value in state["average"].items()}

    def advance(self, batch: Batch) -> None:
        """One optimiser step on a batch, which is on the recipe's device, and what is due after it."""
        recipe = self.recipe
        _train_mode(self.network, recipe)
        alphas, answers = answer(self.network, batch["frames"], recipe, alone=bool(batch["alone"]))
        parts = total_loss(alphas, answers, batch, recipe.losses)
        self.optimiser.zero_grad()
        parts["total"].backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), recipe.clip)
        self.optimiser.step(self.step)
        self.average.update(self.network, self.step)
        self.step += 1
        if self.step % _LOG_EVERY == 0:
            self._note("loss", {name: float(value.detach()) for name, value in parts.items()})
        if self.step % recipe.validate_every == 0:
            self.validate()
        if time.monotonic() - self._saved > recipe.save_seconds:
            self.save()

    def validate(self) -> None:
        """Score the averaged weights on the takes kept apart."""
        network = averaged(self.network, self.average)
        alphas = [matte(network, take, window=self.recipe.window) for take in self._validation]
        self.scores = score(alphas, self._validation)
        self._note("validation", self.scores)
        draw_curves(self.history, self.out / f"{self.recipe.name}.png")

    def save(self) -> None:
        """Save the state and the history."""
        state = {
            "network": self.network.state_dict(),
            "average": self.average.values,
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "history": self.history,
        }
        save_state(self.state_file, state)
        self._board.flush()
        self._saved = time.monotonic()

    def _note(self, group: str, values: dict[str, float]) -> None:
        now = time.monotonic()
        entry = {"step": float(self.step), "seconds": round(now - self._logged, 2), **values}
        self._logged = now
        self.history.append(entry)
        self._board.note(group, values, self.step)
        log.info(json.dumps({name: round(value, 5) for name, value in entry.items()}))


def averaged(network: Lite, average: Average) -> Lite:
    """A copy of the network with the averaged weights."""
    twin = copy.deepcopy(network)
    twin.load_state_dict(average.values)
    return twin


def _train_mode(network: Lite, recipe: Recipe) -> None:
    """Training mode; with frozen statistics only those of the fusion go on moving, and only on windows."""
    if not recipe.frozen:
        network.train()
        return
    train_at_rest(network)
    network.fusion.train(recipe.window)


def _start(recipe: Recipe) -> Lite:
    """A fresh network, or one with the weights that the recipe starts from."""
    network = Lite()
    if recipe.start:
        path = Path(recipe.start)
        fill(network, load_average(path) if path.suffix == ".state" else _from_weight_file(recipe.start), path)
    return network


def _from_weight_file(name_or_file: str) -> dict[str, Tensor]:
    """The weights of a shipped name or of a weight file.

    Raises:
        ModelError: There is no such file, or no reader for it.
    """
    try:
        from dvm_core.model import weights
    except ModuleNotFoundError:  # a machine that only trains may have no safetensors
        raise ModelError(
            "Expected safetensors, which weight files are read with, found none; install it, or begin the run where it "
            'is installed and give its state here, with --resume or as "start" of the recipe.'
        ) from None
    return weights.load(name_or_file).state_dict()


def _validation(recipe: Recipe) -> list[Take]:
    """48 stills, or 24 windows, of pictures that no training sees."""
    data, (takes, frames) = recipe.data, (24, 3) if recipe.window else (48, 1)
    library = make_library(
        Path(data.library),
        foregrounds=min(96, data.foregrounds),
        backgrounds=min(96, data.backgrounds),
        size=data.picture_size,
        seed=VALIDATION_SEED,
    )
    return make_validation(
        library,
        takes=min(takes, len(library.foregrounds)),
        size=min(256, data.picture_size),
        frames=frames,
        natural=data.natural,
    )
