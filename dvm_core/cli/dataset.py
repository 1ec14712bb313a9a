"""`dvm dataset`: training material, by keying green-screen footage and by composing clips."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dvm_core.cli.console import say
from dvm_core.cli.frames import refuse_existing
from dvm_core.cli.grouping import grouped
from dvm_core.cli.key import key

dataset = typer.Typer(help="Training material: foregrounds from green screens, composed clips.")
dataset.command()(grouped(key))


@dataset.command()
def compose(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="Recipe file: what clips are composed from.")],
    output: Annotated[str, typer.Option("--output", "-o", metavar="FOLDER", help="Where a folder a clip is made.")],
    clips: Annotated[int, typer.Option(metavar="N", min=1, help="How many clips.")] = 8,
    seed: Annotated[int, typer.Option(metavar="S", min=0, help="Another seed gives other clips.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Write clips that are there again.")] = False,
) -> None:
    """Compose training clips: plate, exact alpha, trimap and clean foreground of every frame."""
    from dvm_core.training.clip_files import clip_folder, write_clip
    from dvm_core.training.compose import compose as composed
    from dvm_core.training.compose import load_compose_recipe

    wanted = load_compose_recipe(recipe)
    folders = [clip_folder(Path(output), number) for number in range(clips)]
    refuse_existing(folders, overwrite, [])
    for folder, take in zip(folders, composed(wanted, clips, seed), strict=True):
        write_clip(folder, take)
        say(str(folder))
