"""`dvm train`: train a model from a recipe, in slices that go on where the last one stopped."""

from __future__ import annotations

import logging
from dataclasses import asdict, replace
from typing import Annotated, Optional

import typer

from dvm_core.cli.console import say, say_json
from dvm_core.cli.logs import logged
from dvm_core.cli.stop import Stop

_MUCH = 0.1  # of the time


def train(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="Recipe file: every number of the run.")],
    minutes: Annotated[
        Optional[float], typer.Option(metavar="N", min=0, help="Stop after so long.", show_default=False)  # noqa: UP045
    ] = None,
    resume: Annotated[str, typer.Option(metavar="STATE", help="State file to go on from.", show_default=False)] = "",
    device: Annotated[
        str, typer.Option(metavar="NAME", help="cpu, cuda, cuda:1, auto; else the recipe's.", show_default=False)
    ] = "",
    loaders: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(metavar="N", min=0, help="Processes that compose takes; else the recipe's.", show_default=False),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print a machine-readable summary last.")] = False,
    log_file: Annotated[
        str, typer.Option(metavar="FILE", help="Append what happens to a file.", show_default=False)
    ] = "",
) -> None:
    """Train from a recipe; what it reaches is in its state file, ready for --resume."""
    from dvm_core.training.recipe import load_recipe
    from dvm_core.training.train import train as run

    with logged(log_file, level=logging.INFO), Stop() as stop:
        wish = load_recipe(recipe)
        wish = replace(wish, device=device or wish.device, loaders=wish.loaders if loaders is None else loaders)
        result = run(wish, minutes, resume or None, lambda: stop.requested)
    if json:
        say_json({**asdict(result), "state": str(result.state)})
        return
    scores = ", ".join(f"{name} {value:.4f}" for name, value in result.scores.items())
    ended = "Finished" if result.finished else "Stopped"
    use = f"; to matte: --model {result.weights}" if result.weights else ""
    say(f"{ended} at step {result.step} ({scores}); to go on: --resume {result.state}{use}")
    if result.waited > _MUCH:
        say(f"The optimiser waited for takes in {result.waited:.0%} of the time: give it more --loaders.")
