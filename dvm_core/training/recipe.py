"""A training recipe: every number that a run depends on, in one place and one file."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from dvm_core.bridge.errors import UsageError


@dataclass(frozen=True)
class Data:
    """What the samples are composed from.

    Attributes:
        library: Folder that the procedural pictures are kept in; made if missing.
        foregrounds: Procedural foregrounds.
        backgrounds: Procedural backgrounds.
        photographs: Folder of PNG or JPEG photographs to use as backgrounds too; empty for none.
        photograph_share: How often a background is a photograph, where there are any; in [0, 1).
        rendered: Folder of square PNG or WebP pictures with alpha (straight display colour) to use as foregrounds too;
            empty for none.
        rendered_share: How often a foreground is one of them, where there are any; in [0, 1).
        natural: Share of takes that look like a shot, in colours, light and trimaps; in [0, 1].
        picture_size: Height and width of the library's pictures, in pixels.
        seed: Of the library.
    """

    library: str = "training-library"
    foregrounds: int = 900
    backgrounds: int = 500
    photographs: str = ""
    photograph_share: float = 0.15
    rendered: str = ""
    rendered_share: float = 0.35
    natural: float = 0.0
    picture_size: int = 448
    seed: int = 1


@dataclass(frozen=True)
class Weights:
    """Weight of each loss; see `losses`."""

    soft_alpha: float = 1.0
    hard_alpha: float = 1.0
    composition: float = 0.25
    gradient: float = 1.0
    divergence: float = 0.02
    laplacian: float = 1.0
    answers: float = 1.0
    temporal: float = 1.0


@dataclass(frozen=True)
class Recipe:
    """A training run.

    Attributes:
        name: Of the run; its files are named after it.
        out: Folder for the state, the curve and the log.
        start: Weights to start from: a shipped name, a safetensors file, or another run's `.state`; empty for none.
        window: Whether to train on windows of frames (time) instead of stills.
        frozen: Whether the statistics of batch normalisation stay as they are, but for the fusion's. Those of a few
            large pictures are noise: the late phases, which start from trained weights, do better without.
        steps: Optimiser steps; the learning rate has come down to 0 at the last.
        warmup: Steps in which the learning rate rises.
        rate: Highest learning rate.
        slow: Factor on the rate of everything but the temporal fusion, when training on windows; 0 leaves it as it is,
            at half the time of a step.
        alone: Share of the windows' steps that repeat the frame in place of its neighbours: what the network must do
            where a shot begins and ends, and what it is compared with.
        decay: Weight decay.
        clip: Largest norm of the gradient.
        average: Decay of the exponential moving average of the weights, for each step.
        pixels: Pixels in a batch, whatever its crop size.
        sizes: Crop sizes in pixels, multiples of 32.
        shares: How often each crop size is drawn.
        repeats: Steps that each composed batch is used for, turned another way each time: composing costs as much as
            a step does.
        seed: Of weights and samples.
        device: `cpu`, `cuda`, `cuda:1`, or `auto` for a GPU where there is one.
        threads: CPU threads of the optimiser's process.
        loaders: Processes that compose samples; 0 composes in the optimiser's process. One is enough for a CPU that
            trains on one thread; a GPU wants one for each other core.
        bf16: Whether forward passes run in bfloat16.
        validate_every: Steps between validations.
        save_seconds: Seconds between saved states.
    """

    name: str = "lite"
    out: str = "training-run"
    start: str = ""
    window: bool = False
    frozen: bool = False
    steps: int = 6000
    warmup: int = 100
    rate: float = 1.5e-3
    slow: float = 0.1
    alone: float = 0.25
    decay: float = 1e-4
    clip: float = 1.0
    average: float = 0.998
    pixels: int = 205_000
    sizes: tuple[int, ...] = (128, 160, 192, 224, 320)
    shares: tuple[float, ...] = (0.1, 0.3, 0.25, 0.25, 0.1)
    repeats: int = 2
    seed: int = 0
    device: str = "cpu"
    threads: int = 1
    loaders: int = 1
    bf16: bool = True
    validate_every: int = 250
    save_seconds: float = 120.0
    data: Data = field(default_factory=Data)
    losses: Weights = field(default_factory=Weights)


def load_recipe(path: str | Path) -> Recipe:
    """Read a recipe from a JSON file: an object of `Recipe`'s names, those left out at their defaults.

    Raises:
        UsageError: No such file, no JSON, or a name or value that no recipe has.
    """
    path = Path(path)
    document = _document(path)
    parts: tuple[tuple[str, type[Any]], ...] = (("data", Data), ("losses", Weights))
    for name, kind in parts:
        if isinstance(document.get(name), dict):
            document[name] = _build(kind, document[name], path)
    recipe: Recipe = _build(Recipe, document, path)
    return recipe


def _document(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        message = f"Expected a recipe file, found none that can be read ({error.strerror})."
        raise UsageError(message, path=path) from None
    except ValueError as error:
        raise UsageError(f"Expected a recipe in JSON, found: {error}.", path=path) from None
    if not isinstance(document, dict):
        raise UsageError("Expected a recipe, an object of names and values, found something else.", path=path)
    return document


def _build(kind: type[Any], values: dict[str, Any], path: Path) -> Any:
    known = {entry.name: getattr(kind(), entry.name) for entry in fields(kind)}
    for name, value in values.items():
        if name not in known:
            raise UsageError(f"A recipe has no {name!r}; it knows {', '.join(known)}.", path=path)
        if not _fits(value, known[name]):
            found = type(value).__name__
            raise UsageError(f"{name!r} must be like {known[name]!r}, found {value!r} ({found}).", path=path)
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})


def _fits(value: Any, like: Any) -> bool:
    if isinstance(like, bool) or isinstance(value, bool):
        return isinstance(value, bool) and isinstance(like, bool)
    if isinstance(like, float):
        return isinstance(value, (int, float))
    if isinstance(like, tuple):
        return isinstance(value, list) and bool(value) and all(_fits(item, like[0]) for item in value)
    return isinstance(value, type(like))
