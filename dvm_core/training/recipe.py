"""A training recipe: every number that a run depends on, in one place and one file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from dvm_core.training.recipe_file import keep, read_recipe


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
        keyed: Share of takes whose trimaps know little, as propagated ones do, and whose keys tell what colours both
            sides have; in [0, 1].
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
    keyed: float = 0.0
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
        UsageError: No such file, no JSON, a name or value that no recipe has, or numbers that mean nothing.
    """
    path = Path(path)
    recipe = read_recipe(Recipe, path)
    keep(_rules(recipe), path)
    return recipe


def _rules(recipe: Recipe) -> dict[str, bool]:
    data = recipe.data
    return {
        "steps, pixels, repeats, threads and validate_every must be 1 or more": min(
            recipe.steps, recipe.pixels, recipe.repeats, recipe.threads, recipe.validate_every
        )
        > 0,
        "warmup and loaders must be 0 or more": min(recipe.warmup, recipe.loaders) >= 0,
        "sizes must be multiples of 32, 32 or more": all(size > 0 and size % 32 == 0 for size in recipe.sizes),
        "no size may be larger than the library's pictures (picture_size)": max(recipe.sizes) <= data.picture_size,
        "there must be one share, 0 or more, for each size, and not all of them 0": len(recipe.shares)
        == len(recipe.sizes)
        and min(recipe.shares) >= 0
        and sum(recipe.shares) > 0,
        "alone, natural and keyed must be in [0, 1]": all(
            0 <= share <= 1 for share in (recipe.alone, data.natural, data.keyed)
        ),
        "average, photograph_share and rendered_share must be in [0, 1), with 1 left out": all(
            0 <= share < 1 for share in (recipe.average, data.photograph_share, data.rendered_share)
        ),
        "foregrounds and backgrounds must be 1 or more": min(data.foregrounds, data.backgrounds) > 0,
    }
