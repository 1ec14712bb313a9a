"""`dvm trimap`: trimaps from what compositors already have."""

from __future__ import annotations

from typing import Annotated

import typer

from dvm_core.cli.console import say
from dvm_core.cli.frames import chosen_frames, named, refuse_existing

trimap = typer.Typer(help="Trimaps from rough mattes, roto, keys or masks.")


@trimap.callback()
def _group() -> None:
    """Keep the command's name in front, however many there are."""


@trimap.command()
def make(
    matte: Annotated[str, typer.Argument(metavar="MATTE", help="Rough matte, roto, key or mask: pattern or file.")],
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="TRIMAP", help="Trimaps to write; PNG, TIFF or EXR.")
    ],
    erode: Annotated[int, typer.Option(metavar="PIXELS", min=0, help="Shrink the sure foreground by this.")] = 8,
    dilate: Annotated[int, typer.Option(metavar="PIXELS", min=0, help="Shrink the sure background by this.")] = 8,
    channel: Annotated[str, typer.Option(metavar="NAME", help="Channel of the matte.", show_default=False)] = "",
    range: Annotated[str, typer.Option(metavar="1001-1100", help="Frames; else all.", show_default=False)] = "",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Write files that are there again.")] = False,
) -> None:
    """Make trimaps from rough mattes: what lies along the edge becomes unknown."""
    from dvm_core.io.matte_file import read_channel
    from dvm_core.io.trimap_file import TrimapReader, TrimapWriter
    from dvm_core.trimap.create import make_trimap

    mattes, writer = TrimapReader(matte, channel=channel), TrimapWriter(output)
    frames = chosen_frames(mattes.frames, range, f"The matte {matte}")
    refuse_existing(writer.paths(frames), overwrite, [mattes.path(frame) for frame in frames])
    for frame in frames:
        pixels = read_channel(mattes.path(frame), channel, frame=frame)
        with named(frame, mattes.path(frame)):
            made = make_trimap(pixels, erode=erode, dilate=dilate)
        say(str(writer.write(frame, made, mattes.header(frame))))
