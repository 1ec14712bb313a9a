"""`dvm farm`: a job for many machines, or for many processes on this one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dvm_core.bridge import protocol
from dvm_core.bridge.errors import InputError
from dvm_core.bridge.job import MatteJob
from dvm_core.cli.console import say, warn
from dvm_core.cli.grouping import grouped
from dvm_core.cli.local import run_local
from dvm_core.cli.options import Overwrite, PlateOptions, TrimapChannel
from dvm_core.cli.reporters import Listener, told_of_faults

if TYPE_CHECKING:
    from dvm_core.farm.plan import FarmPlan
    from dvm_core.review.check import Files

farm = typer.Typer(help="A job for many machines: files for farm managers, or the same plan on this machine.")

JobFile = Annotated[str, typer.Argument(metavar="JOB", help="A job file, or a job directory with its job.json.")]
Folder = Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Folder to write.")]
Progress = Annotated[str, typer.Option("--progress", metavar="auto|bar|json|openjd|none", help="How to tell.")]


@dataclass(frozen=True)
class PlanOptions:
    """How a job is cut, and what computes it."""

    chunk: Annotated[int, typer.Option("--chunk", metavar="N", min=1, help="Frames in a chunk.")] = 20
    target_seconds: Annotated[
        int,
        typer.Option("--target-seconds", metavar="S", min=0, help="Time that a chunk should take; 0: chunks of N."),
    ] = 0
    kernels: Annotated[
        str,
        typer.Option(
            "--kernels", metavar="NAME", help="Kernels, such as cpu-avx2; else this machine's best.", show_default=False
        ),
    ] = ""
    engine: Annotated[
        str, typer.Option("--engine", metavar="COMMAND", help="The engine's command on the farm's machines.")
    ] = "dvm"
    overwrite: Overwrite = False


@dataclass(frozen=True)
class CheckedOptions(PlateOptions):
    """Which frames should be there, and how plate and trimaps are read."""

    trimap_channel: TrimapChannel = ""


def openjd(job: JobFile, output: Folder, options: PlanOptions) -> None:
    """Write an Open Job Description bundle."""
    from dvm_core.farm import openjd as view

    _write(job, options, lambda plan: view.write(plan, output, overwrite=options.overwrite))
    say(f"openjd run {output / view.TEMPLATE} -p file://{output.absolute() / view.PARAMETERS}")


def deadline(job: JobFile, output: Folder, options: PlanOptions) -> None:
    """Write a job bundle for AWS Deadline Cloud."""
    from dvm_core.farm import deadline_cloud as view

    _write(job, options, lambda plan: view.write(plan, output, overwrite=options.overwrite))
    say(f"deadline bundle submit {output}")


def deadline10(job: JobFile, output: Folder, options: PlanOptions) -> None:
    """Write submission files for Thinkbox Deadline 10."""
    from dvm_core.farm import deadline10 as view

    _write(job, options, lambda plan: view.write(plan, output, overwrite=options.overwrite))
    say(f"deadlinecommand -SubmitMultipleJobsV2 -jsonfilepath {output / view.SUBMISSION}")


def opencue(job: JobFile, output: Folder, options: PlanOptions) -> None:
    """Write an OpenCue job."""
    from dvm_core.farm import opencue as view

    _write(job, options, lambda plan: view.write(plan, output, overwrite=options.overwrite))
    say(f"python {output / view.SCRIPT}")


def ready(
    version: Annotated[str, typer.Option("--version", help="Version of the engine that planned.")],
    device: Annotated[str, typer.Option("--device", help="cpu or cuda.")],
    kernels: Annotated[str, typer.Option("--kernels", help="Kernels to compute with.", show_default=False)] = "",
    progress: Progress = "auto",
) -> None:
    """See whether this machine makes the picture that a farm job was planned with."""
    from dvm_core.farm.ready import require

    with told_of_faults(progress, moving=False) as show:
        show(protocol.log(require(version, device, kernels)))


def check(
    plate: Annotated[str, typer.Argument(metavar="PLATE", help="Plate of the shot.")],
    alpha: Annotated[str, typer.Argument(metavar="ALPHA", help="Its alphas: pattern.")],
    trimap: Annotated[str, typer.Option("--trimap", "-t", metavar="TRIMAP", help="Trimaps they were made with.")],
    output: Folder,
    read: CheckedOptions,
    progress: Progress = "auto",
) -> None:
    """See that every alpha is there, whole and made like the others; write the findings and a contact sheet."""
    from dvm_core.bridge.frames import parse_range
    from dvm_core.io.trimap_file import TrimapReader
    from dvm_core.review.check import Files

    with told_of_faults(progress, moving=False) as show:
        plates = read.reader(plate, keep_linear=True)
        files = Files(plates, TrimapReader(trimap, channel=read.trimap_channel), alpha)
        frames = parse_range(read.range) if read.range else plates.frames
        _look(files, frames, output, show)


def _look(files: Files, frames: tuple[int, ...], folder: Path, show: Listener) -> None:
    from dvm_core.review.check import FINDINGS, SHEET, inspect

    def seen(frame: int, index: int, seconds: float) -> None:
        show(protocol.frame(frame, seconds, str(files.path(frame)), index=index, total=len(frames)))

    found = inspect(files, frames, folder, seen)
    if found.problems:
        first, count = found.problems[0], len({problem.frame for problem in found.problems})
        raise InputError(
            f"{count} of {len(frames)} alphas are not as they should be; frame {first.frame}: {first.message} All of "
            f"them are in {folder / FINDINGS}.",
            frame=first.frame,
            path=first.path,
        )
    show(protocol.log(f"{len(frames)} alphas are whole and made alike; look at {folder / SHEET}"))


def _write(job: str, options: PlanOptions, write: Callable[[FarmPlan], list[Path]]) -> None:
    from dvm_core.farm.plan import Chunks, plan

    planned = plan(
        MatteJob.load(job),
        Chunks(options.chunk, options.target_seconds),
        kernels=options.kernels,
        engine=options.engine,
    )
    for warning in planned.pinned.warnings:
        warn("warning: " + warning)
    for path in write(planned):
        say(str(path))


farm.command()(grouped(openjd))
farm.command()(grouped(deadline))
farm.command()(grouped(deadline10))
farm.command()(grouped(opencue))
farm.command("run-local")(grouped(run_local))
farm.command()(ready)
farm.command()(grouped(check))
