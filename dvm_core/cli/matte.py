"""`dvm matte`: the main job, from options."""

from __future__ import annotations

from typing import Annotated

import typer

from dvm_core.bridge.job import MatteJob
from dvm_core.bridge.settings import Settings
from dvm_core.cli.options import EngineOptions, ReadOptions, ReportOptions, WriteOptions
from dvm_core.cli.runner import run


def matte(
    plate: Annotated[str, typer.Argument(metavar="PLATE", help="plate.####.exr, a file, a folder or a movie.")],
    trimap: Annotated[str, typer.Option("--trimap", "-t", metavar="TRIMAP", help="Trimaps, one for each frame.")],
    output: Annotated[str, typer.Option("--output", "-o", metavar="ALPHA", help="Alphas to write; EXR.")],
    read: ReadOptions,
    write: WriteOptions,
    engine: EngineOptions,
    report: ReportOptions,
) -> None:
    """Matte a shot: plates and trimaps in, alphas out."""
    run(lambda: _job((plate, trimap, output), read, write, engine), report)


def _job(paths: tuple[str, str, str], read: ReadOptions, write: WriteOptions, engine: EngineOptions) -> MatteJob:
    settings = Settings(
        device=engine.device,
        precision=engine.precision,
        threads=engine.threads,
        tile=_number(engine.tile),
        reduce=_number(engine.reduce),
        max_memory=engine.max_memory,
        colorspace=read.colorspace,
        layer=read.layer,
        view=read.view,
        movie_frames=read.movie_frames,
        trimap_channel=read.trimap_channel,
        channels=write.channels,
        fg=write.fg,
        compression=write.compression,
        half=write.half,
        existing=write.existing,
    )
    plate, trimap, output = paths
    job = MatteJob(
        plate=plate,
        trimap=trimap,
        output=output,
        range=read.range,
        shot_range=read.shot_range,
        trimap_mode="keyframes" if read.propagate else "every-frame",
        model=engine.model,
        keys=read.keys,
        corrected=read.corrected,
        settings=settings,
    )
    return job.resolved(".")


def _number(text: str) -> str | int:
    """A whole number where the text is one."""
    return int(text) if text.isdecimal() else text
