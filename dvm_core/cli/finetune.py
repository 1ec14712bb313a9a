"""`dvm finetune`: adapt the model to a shot by a few of its alphas that are finished."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from dvm_core.bridge.errors import UsageError
from dvm_core.cli.console import say, say_json
from dvm_core.cli.frames import refuse_existing
from dvm_core.cli.logs import logged
from dvm_core.whole_file import require_place

_LEARN, _READ, _WRITTEN = "How to learn", "What is read", "What is written"


@dataclass(frozen=True)
class LearnOptions:
    """What learns, and how long."""

    model: Annotated[str, typer.Option(metavar="NAME|FILE", help="Model.", rich_help_panel=_LEARN)] = "lite"
    minutes: Annotated[float, typer.Option(metavar="N", min=0.01, help="Time to take.", rich_help_panel=_LEARN)] = 10.0
    steps: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=0,
            help="Instead of minutes: equal steps, seed, device and threads give equal weights.",
            rich_help_panel=_LEARN,
            show_default=False,
        ),
    ] = 0
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Of all choices.", rich_help_panel=_LEARN)] = 0
    device: Annotated[
        str, typer.Option(metavar="auto|cpu|cuda[:N]", help="Where to compute.", rich_help_panel=_LEARN)
    ] = "auto"
    precision: Annotated[
        str,
        typer.Option(metavar="auto|fp32|bf16", help="auto: bf16 where the processor has it.", rich_help_panel=_LEARN),
    ] = "auto"
    threads: Annotated[
        int, typer.Option(metavar="N", min=0, help="CPU threads; 0: as found.", rich_help_panel=_LEARN)
    ] = 0


@dataclass(frozen=True)
class ShotOptions:
    """How plate, trimaps and alphas are read; as in `training.examples.Files`."""

    range: Annotated[
        str,
        typer.Option(metavar="1001,1010", help="Finished frames to use.", rich_help_panel=_READ, show_default=False),
    ] = ""
    colorspace: Annotated[
        str, typer.Option(metavar="auto|NAME", help="Colour space of the plate.", rich_help_panel=_READ)
    ] = "auto"
    layer: Annotated[
        str, typer.Option(metavar="NAME", help="EXR layer of the plate.", rich_help_panel=_READ, show_default=False)
    ] = ""
    view: Annotated[
        str, typer.Option(metavar="NAME", help="Stereo view of the plate.", rich_help_panel=_READ, show_default=False)
    ] = ""
    trimap_channel: Annotated[
        str, typer.Option(metavar="NAME", help="Channel of the trimap.", rich_help_panel=_READ, show_default=False)
    ] = ""
    alpha_channel: Annotated[
        str, typer.Option(metavar="NAME", help="Channel of the alphas.", rich_help_panel=_READ, show_default=False)
    ] = ""


@dataclass(frozen=True)
class ResultOptions:
    """What is written and said."""

    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Write a file that is there again.", rich_help_panel=_WRITTEN)
    ] = False
    json: Annotated[
        bool, typer.Option("--json", help="Print a machine-readable summary last.", rich_help_panel=_WRITTEN)
    ] = False
    log_file: Annotated[
        str,
        typer.Option(
            metavar="FILE", help="Append what happens to a file.", rich_help_panel=_WRITTEN, show_default=False
        ),
    ] = ""


def finetune(
    plate: Annotated[str, typer.Argument(metavar="PLATE", help="plate.####.exr, a file, a folder or a movie.")],
    trimap: Annotated[str, typer.Option("--trimap", "-t", metavar="TRIMAP", help="Trimaps of the shot.")],
    alpha: Annotated[str, typer.Option("--alpha", "-a", metavar="ALPHAS", help="Finished alphas; a few are enough.")],
    output: Annotated[str, typer.Option("--output", "-o", metavar="SHOT.safetensors", help="Model to write.")],
    learn: LearnOptions,
    shot: ShotOptions,
    result: ResultOptions,
) -> None:
    """Adapt the model to a shot by a few of its alphas that are finished; matte the rest with --model."""
    from dvm_core.training.examples import Files
    from dvm_core.training.shot_model import make_shot_model

    out = Path(output)
    if out.suffix != ".safetensors":
        raise UsageError(f"A model is written as .safetensors; {output} has another ending.")
    refuse_existing([out], result.overwrite, [Path(learn.model)])
    require_place(out)
    with logged(result.log_file, level=logging.INFO):
        record, tuned = make_shot_model(Files(plate, trimap, alpha, **asdict(shot)), out, **asdict(learn))
    if result.json:
        say_json({"output": output, "sha256": record.sha256, **record.training})
        return
    ratio = tuned.after / tuned.before
    learnt = f"error of what was held out {ratio:.2f}x of before" if tuned.changes else "nothing helped"
    say(f"{output}: {learnt}, after {tuned.steps} steps in {tuned.minutes:.1f} min; to matte: --model {output}")
