"""`make demo`: render a clip whose exact alpha is known, matte it, and show how good the mattes are.

Everything goes the way a user goes: files in, `dvm_core.matte`, files out. Results lie in `demo/`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from make_clip import COUNT, Clip, make_clip
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

import dvm_core as dvm
from dvm_core import foreground
from dvm_core.io.matte_file import read_channel
from dvm_core.io.plate import PlateReader
from dvm_core.io.sequence import output_path
from dvm_core.io.trimap_file import TrimapReader
from dvm_core.review.contact_sheet import ReviewFrame, contact_sheet
from dvm_core.review.evaluate import evaluate_files
from dvm_core.review.preview import comp_preview, write_png, write_preview

MODELS = ("lite", "closed-form")
SHOWN = (0.1, 0.5, 0.85)  # frames on the contact sheets, as parts of the clip's length

Image = NDArray[np.float32]


def main(
    folder: Path,
    models: Sequence[str] = MODELS,
    count: int = COUNT,
    shrink: int = 1,
) -> None:
    """Run the demo.

    Args:
        folder: Where to, made if need be.
        models: Names of models, or weight files.
        count: Frames of the clip.
        shrink: Divisor of its pictures' sides.
    """
    console = Console()
    with progress_bar(console) as bar:
        task = bar.add_task("rendering the clip")
        clip = make_clip(
            folder / "clip", count, shrink, advance=lambda done, total: bar.update(task, completed=done, total=total)
        )
    with console.status("Preparing pymatting, which compiles itself once (up to a minute) ..."):
        foreground.estimate(np.ones((4, 4, 3), np.float32), np.full((4, 4), 0.5, np.float32))
    seconds = {model: matte(clip, folder / model, model, console) for model in models}
    results = {model: review(clip, folder / model, model) for model in models}
    console.print(error_table(clip, folder, seconds))
    for model, paths in results.items():
        for what, path in paths.items():
            console.print(f"{model + ' ' + what:>26}  [bold]{path}[/bold]", soft_wrap=True, highlight=False)


def matte(clip: Clip, folder: Path, model: str, console: Console) -> float:
    """Matte the clip with one model, foreground colour included; wall-clock seconds a frame."""
    with progress_bar(console) as bar:
        task = bar.add_task(f"matting with {model}", total=len(clip.frames))

        def advance(event: Mapping[str, Any]) -> None:
            if event["event"] == "frame":
                bar.advance(task)

        result = dvm.matte(
            clip.plate,
            trimap=clip.trimap,
            output=folder / "alpha.####.exr",
            range=f"{clip.frames[0]}-{clip.frames[-1]}",
            fg=str(folder / "foreground.####.exr"),
            model=model,
            existing="overwrite",
            progress=advance,
        )
    return result.seconds / len(result.frames)


def review(clip: Clip, folder: Path, model: str) -> dict[str, str]:
    """Write the comp preview and the contact sheet of one model.

    Returns:
        What there is to look at, and where.
    """
    preview = write_preview(
        folder / "comp", comp_preview(finished(clip, folder), backdrop(clip.size)), first=clip.frames[0]
    )
    plates, trimaps = PlateReader(clip.plate, keep_linear=True), TrimapReader(clip.trimap)
    foregrounds = PlateReader(str(folder / "foreground.####.exr"), keep_linear=True)
    shown = [clip.frames[int(part * len(clip.frames))] for part in SHOWN]
    frames = [
        ReviewFrame(
            frame,
            linear(plates, frame),
            trimaps.read(frame),
            read_channel(output_path(folder / "alpha.####.exr", frame)),
            linear(foregrounds, frame),
            read_channel(output_path(clip.truth, frame)),
        )
        for frame in shown
    ]
    sheet = folder / "contact_sheet.png"
    write_png(sheet, contact_sheet(frames, title=model))
    alphas, colours = folder / "alpha.####.exr", folder / "foreground.####.exr"
    named = {"alphas": alphas, "foregrounds": colours, "comp preview": preview, "contact sheet": sheet}
    return {what: str(path) for what, path in named.items()}


def finished(clip: Clip, folder: Path) -> Iterator[tuple[Image, Image]]:
    """Foreground colour and alpha of each frame, as written."""
    foregrounds = PlateReader(str(folder / "foreground.####.exr"), keep_linear=True)
    for frame in clip.frames:
        yield linear(foregrounds, frame), read_channel(output_path(folder / "alpha.####.exr", frame))


def linear(reader: PlateReader, frame: int) -> Image:
    """Scene-linear colour of one frame."""
    return np.asarray(reader.read(frame).linear, dtype=np.float32)


def backdrop(size: tuple[int, int]) -> Image:
    """A studio backdrop to comp over: cool, lit from behind the subject; scene-linear (H, W, 3)."""
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32) / size[0]
    glow = np.exp(-(((x - 0.9) / 0.75) ** 2) - ((y - 0.45) / 0.55) ** 2)[..., None]
    picture: Image = (np.array([0.012, 0.022, 0.045]) + glow * np.array([0.16, 0.26, 0.40])).astype(np.float32)
    return picture


def error_table(clip: Clip, folder: Path, seconds: Mapping[str, float]) -> Table:
    """Errors against the exact alpha; the plain trimap, its unknown taken for one half, is what to beat."""
    alphas = {"trimap alone": clip.trimap} | {model: str(folder / model / "alpha.####.exr") for model in seconds}
    results = {name: evaluate_files(pattern, clip.truth, clip.trimap, clip.frames) for name, pattern in alphas.items()}
    height, width = clip.size
    unknown = np.mean(results["trimap alone"]["unknown"]) / (height * width)
    title = f"Mean error in the unknown region ({unknown:.0%} of {width} x {height}, {len(clip.frames)} frames)"
    table = Table(title=title, title_justify="left")
    table.add_column("", no_wrap=True)
    for column in ("SAD\n/1000", "MSE\nx1000", "Grad\n/1000", "Conn\n/1000", "dtSSD", "MESSDdt", "s per\nframe"):
        table.add_column(column, justify="right")
    for name, result in results.items():
        mean = {measure: measured["mean"] for measure, measured in result["metrics"].items()}
        thousands = (mean["sad"], 1000 * mean["mse"], mean["grad"] / 1000, mean["conn"] / 1000)
        errors = [f"{value:.1f}" for value in thousands] + [f"{mean[key]:.0f}" for key in ("dtssd", "messddt")]
        table.add_row(name, *errors, f"{seconds[name]:.2f}" if name in seconds else "")
    return table


def progress_bar(console: Console) -> Progress:
    """A bar with frames done and time left."""
    text = TextColumn("{task.description:<26}")
    return Progress(text, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1] if len(sys.argv) > 1 else "demo"))
    except dvm.DvmError as error:
        sys.exit(f"The demo stopped. {error}")
