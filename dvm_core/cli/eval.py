"""`dvm eval`: how far alphas are from the truth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from dvm_core.bridge.frames import parse_range
from dvm_core.cli.console import say_json
from dvm_core.cli.tables import print_table

_LABELS = {
    "sad": "SAD (thousands)",
    "mse": "MSE",
    "grad": "Grad",
    "conn": "Conn",
    "ssda": "SSDA",
    "dtssd": "dtSSD",
    "messddt": "MESSDdt",
}


def evaluate(
    pred: Annotated[str, typer.Argument(metavar="PRED", help="Alphas: pattern or file.")],
    truth: Annotated[str, typer.Argument(metavar="TRUTH", help="True alphas: pattern or file.")],
    trimap: Annotated[str, typer.Option("--trimap", "-t", metavar="TRIMAP", help="Trimaps: only unknown counts.")],
    range: Annotated[str, typer.Option(metavar="1001-1100", help="Frames; else all of PRED.", show_default=False)] = "",
    channel: Annotated[
        str, typer.Option(metavar="NAME", help="Channel of PRED and TRUTH, such as A.", show_default=False)
    ] = "",
    trimap_channel: Annotated[
        str, typer.Option(metavar="NAME", help="Channel of the trimap.", show_default=False)
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="Machine-readable, every frame.")] = False,
) -> None:
    """Measure alphas against the truth where the trimap is unknown; frames are matched by number."""
    from dvm_core.review.evaluate import evaluate_files

    frames = parse_range(range) if range else None
    result = evaluate_files(pred, truth, trimap, frames, channel=channel, trimap_channel=trimap_channel)
    if json:
        say_json(result)
        return
    rows = [(_LABELS[name], *_row(of["frames"], of["values"], of["mean"])) for name, of in result["metrics"].items()]
    print_table(("measure", "mean", "worst", "at frame"), rows, numbers=("mean", "worst", "at frame"))


def _row(frames: Sequence[int], values: Sequence[float], mean: float | None) -> tuple[str, str, str]:
    if mean is None:
        return "-", "-", "-"
    worst = max(values)
    return f"{mean:.4f}", f"{worst:.4f}", str(frames[values.index(worst)])
