"""`dvm trimap`: trimaps from what compositors already have."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from dvm_core.bridge import protocol
from dvm_core.cli.console import say
from dvm_core.cli.frames import chosen_frames, named, refuse_existing
from dvm_core.cli.grouping import grouped
from dvm_core.cli.options import Overwrite, PlateOptions, ShotRange, TrimapChannel
from dvm_core.cli.reporters import told_of_faults
from dvm_core.whole_file import write_text

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
    overwrite: Overwrite = False,
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


@dataclass(frozen=True)
class KeyOptions(PlateOptions):
    """How plate and keys are read."""

    shot_range: ShotRange = ""
    trimap_channel: TrimapChannel = ""


@dataclass(frozen=True)
class ToldOptions:
    """How it is told."""

    confidence: Annotated[
        str, typer.Option(metavar="FILE.json", help="Write how sure each frame is.", show_default=False)
    ] = ""
    progress: Annotated[
        str, typer.Option(metavar="auto|bar|json|openjd|none", help="auto: a line a file, with how sure it is.")
    ] = "auto"


def propagate(
    plate: Annotated[str, typer.Argument(metavar="PLATE", help="The plate: pattern, folder or movie.")],
    keys: Annotated[str, typer.Option("--keys", metavar="TRIMAP", help="Keyframe trimaps: those files there are.")],
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="TRIMAP", help="Trimaps to write; PNG, TIFF or EXR.")
    ],
    options: KeyOptions,
    told: ToldOptions,
    overwrite: Overwrite = False,
) -> None:
    """Make a trimap for every frame from a few keyframes; a new key changes frames up to the next keys alone."""
    from dvm_core.bridge.frames import format_range, parse_range
    from dvm_core.io.trimap_file import TrimapReader, TrimapWriter
    from dvm_core.pipeline.keyframes import KeyframeTrimaps

    with told_of_faults(told.progress, moving=True) as show:
        plates = options.reader(plate)
        shot = parse_range(options.shot_range) if options.shot_range else plates.frames
        frames = chosen_frames(shot, options.range, f"The plate {plate}")
        writer = TrimapWriter(output)
        given = TrimapReader(keys, channel=options.trimap_channel)
        source = KeyframeTrimaps(
            given, plates, shot, frames[0], say=lambda text, frame: show(protocol.warning(text, frame=frame))
        )
        read = [path for frame in frames for path in (plates.sequence.path(frame), source.path(frame))]
        refuse_existing(writer.paths(frames), overwrite, read)
        for index, frame in enumerate(frames, 1):
            began = time.perf_counter()
            written = writer.write(frame, source.read(frame), plates.header(frame))
            if told.progress == "auto":
                say(f"{written}  confidence {source.confidence[frame]:.2f}")
            else:
                seconds = time.perf_counter() - began
                show(protocol.frame(frame, seconds, str(written), index=index, total=len(frames)))
    painted = [frame for frame in source.keyed if frame in frames]
    if told.progress == "auto" and painted:
        say(f"Matte them with --keys {format_range(painted)}: what is known there helps the others.")
    if told.confidence:
        track = {str(frame): source.confidence[frame] for frame in frames}
        document: dict[str, object] = {"schema": "dvm-confidence/1", "keys": list(source.keyed), "confidence": track}
        write_text(Path(told.confidence), json.dumps(document, indent=1) + "\n")


trimap.command()(grouped(propagate))
