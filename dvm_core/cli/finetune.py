"""`dvm finetune`: adapt the model to a shot by a few of its alphas that are finished."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dvm_core.bridge.errors import UsageError
from dvm_core.bridge.settings import Settings
from dvm_core.cli.console import say, say_json
from dvm_core.cli.frames import refuse_existing
from dvm_core.cli.logs import logged
from dvm_core.cli.options import (
    AlphaChannel,
    ComputeOptions,
    Json,
    Keys,
    LogFile,
    Overwrite,
    PlateOptions,
    TrimapChannel,
)
from dvm_core.whole_file import require_place

if TYPE_CHECKING:
    from dvm_core.training.finetune import Tuned

_LEARN = "How to learn"


@dataclass(frozen=True)
class LearnOptions(ComputeOptions):
    """What learns, and how long."""

    precision: Annotated[
        str,
        typer.Option(metavar="auto|fp32|bf16", help="auto: bf16 where the processor has it.", rich_help_panel=_LEARN),
    ] = "auto"
    minutes: Annotated[
        float,
        typer.Option(
            metavar="N",
            min=0.1,
            help="Time to take.",
            rich_help_panel=_LEARN,
        ),
    ] = 10.0
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
    corrections: Annotated[
        bool,
        typer.Option(
            "--corrections/--no-corrections",
            help="Keep the finished frames as they are, and carry what was corrected in them to the others.",
            rich_help_panel=_LEARN,
        ),
    ] = True
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Of all choices.", rich_help_panel=_LEARN)] = 0


@dataclass(frozen=True)
class ShotOptions(PlateOptions):
    """How plate, trimaps and alphas are read; as in `training.examples.Files`. The range is of finished frames."""

    keys: Keys = ""
    trimap_channel: TrimapChannel = ""
    alpha_channel: AlphaChannel = ""


@dataclass(frozen=True)
class ResultOptions:
    """What is written and said."""

    overwrite: Overwrite = False
    json: Json = False
    log_file: LogFile = ""


def finetune(
    plate: Annotated[str, typer.Argument(metavar="PLATE", help="plate.####.exr, a file, a folder or a movie.")],
    trimap: Annotated[str, typer.Option("--trimap", "-t", metavar="TRIMAP", help="Trimaps of the shot.")],
    alpha: Annotated[str, typer.Option("--alpha", "-a", metavar="ALPHAS", help="Finished alphas; a few are enough.")],
    output: Annotated[str, typer.Option("--output", "-o", metavar="SHOT.safetensors", help="Model to write.")],
    learn: LearnOptions,
    shot: ShotOptions,
    result: ResultOptions,
) -> None:
    """Keep a shot's finished alphas, carry what they correct to its other frames, and adapt the model to them.

    Matte the shot with the file that this writes, by --model.
    """
    from dvm_core.training.examples import Files
    from dvm_core.training.shot_model import make_shot_model

    out = Path(output)
    if out.suffix != ".safetensors":
        raise UsageError(f"A model is written as .safetensors; {output} has another ending.")
    Settings(threads=learn.threads)  # refuses what does not fit
    refuse_existing([out], result.overwrite, [Path(learn.model)])
    require_place(out)
    with logged(result.log_file, level=logging.INFO):
        record, tuned = make_shot_model(Files(plate, trimap, alpha, **asdict(shot)), out, **asdict(learn))
    if result.json:
        say_json({"output": output, "sha256": record.sha256, **record.training})
        return
    say(f"{output}: {_learnt(tuned)}; to matte: --model {output}")
    if (crossed := record.training.get("corrected by each other")) is not None:
        say(f"Each finished frame, corrected from the others alone: {crossed:.2f}x of its error.")


def _learnt(tuned: Tuned) -> str:
    ratio = tuned.after / tuned.before
    learnt = f"error of what was held out {ratio:.2f}x of before" if tuned.changes else "nothing helped"
    return f"{learnt}, after {tuned.steps} steps in {tuned.minutes:.1f} min"
