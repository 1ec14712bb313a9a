"""`dvm eval`: how far alphas are from the truth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dvm_core.bridge.errors import InputError
from dvm_core.bridge.frames import format_range
from dvm_core.cli.console import say_json
from dvm_core.cli.frames import chosen_frames
from dvm_core.cli.tables import print_table

if TYPE_CHECKING:
    from dvm_core.io.sequence import FrameSequence

_LABELS = {
    "sad": "SAD (thousands)",
    "mse": "MSE",
    "grad": "Grad",
    "conn": "Conn",
    "ssda": "SSDA",
    "dtssd": "dtSSD",
    "messddt": "MESSDdt",
}

Values = dict[str, list[tuple[int, float]]]
"""For each measure, frame numbers and what was measured there; a measure of two frames counts for the second."""


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
    from dvm_core.io.sequence import find_sequence

    sequences = [find_sequence(pred, "matte"), find_sequence(truth, "truth"), find_sequence(trimap, "trimap")]
    frames = chosen_frames(sequences[0].frames, range, f"The matte {pred}")
    for sequence in sequences[1:]:
        _require(frames, sequence)
    values = _measure(frames, sequences, (channel, channel, trimap_channel))
    if json:
        say_json({"frames": list(frames), "metrics": {name: _summary(of) for name, of in values.items()}})
        return
    rows = [(_LABELS[name], *_row(of)) for name, of in values.items()]
    print_table(("measure", "mean", "worst", "at frame"), rows, numbers=("mean", "worst", "at frame"))


def _require(frames: Sequence[int], sequence: FrameSequence) -> None:
    """A picture without a number serves every frame, and one picture is compared with one whatever its number."""
    if sequence.single is not None or len(frames) == len(sequence.frames) == 1:
        return
    missing = sorted(set(frames) - set(sequence.frames))
    if missing:
        raise InputError(
            f"{sequence} has no frame {format_range(missing)}, which is to be compared; choose others with --range.",
            frame=missing[0],
        )


def _measure(frames: Sequence[int], sequences: Sequence[FrameSequence], channels: Sequence[str]) -> Values:
    from dvm_core.io.matte_file import read_channel
    from dvm_core.io.trimap_file import trimap_of
    from dvm_core.metrics import NAMES, ClipErrors

    values: Values = {name: [] for name in NAMES}
    for run in _runs(frames):
        errors = ClipErrors()
        for frame in run:
            paths = [sequence.path(frame if frame in sequence.frames else _only(sequence)) for sequence in sequences]
            images = [read_channel(path, channel, frame=frame) for path, channel in zip(paths, channels, strict=True)]
            _require_one_size(frame, paths, [image.shape for image in images])
            errors.add(images[0].clip(0, 1), images[1].clip(0, 1), trimap_of(images[2]))
        for name, measured in errors.result().items():
            values[name] += zip(run[len(run) - len(measured) :], measured.tolist(), strict=True)
    return values


def _require_one_size(frame: int, paths: Sequence[Path], shapes: Sequence[tuple[int, ...]]) -> None:
    for path, shape in zip(paths, shapes, strict=True):
        if shape != shapes[0]:
            raise InputError(
                f"Frame {frame}: {path} is {shape[1]}x{shape[0]} and {paths[0]} is {shapes[0][1]}x{shapes[0][0]}; "
                "only pictures of one size can be compared.",
                frame=frame,
                path=path,
            )


def _runs(frames: Sequence[int]) -> Iterator[list[int]]:
    """Frames that follow each other: what a measure of change may compare."""
    run: list[int] = []
    for frame in frames:
        if run and frame != run[-1] + 1:
            yield run
            run = []
        run.append(frame)
    yield run


def _only(sequence: FrameSequence) -> int:
    return sequence.frames[0] if sequence.frames else 0


def _summary(values: Sequence[tuple[int, float]]) -> dict[str, object]:
    measured = [value for _, value in values]
    return {
        "mean": sum(measured) / len(measured) if measured else None,
        "frames": [frame for frame, _ in values],
        "values": measured,
    }


def _row(values: Sequence[tuple[int, float]]) -> tuple[str, str, str]:
    if not values:
        return "-", "-", "-"
    frame, worst = max(values, key=lambda value: value[1])
    return f"{sum(value for _, value in values) / len(values):.4f}", f"{worst:.4f}", str(frame)
