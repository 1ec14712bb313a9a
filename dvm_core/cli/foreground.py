"""`dvm foreground`: clean foreground colour for alphas that are there already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, cast

import typer

from dvm_core import __version__
from dvm_core.bridge.frames import format_range
from dvm_core.cli.console import say
from dvm_core.cli.frames import chosen_frames, named, refuse_existing
from dvm_core.cli.options import AlphaChannel, Overwrite, PlateOptions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class AlphaOptions(PlateOptions):
    """How plate and alphas are read."""

    alpha_channel: AlphaChannel = ""


def foreground(
    plate: Annotated[str, typer.Argument(metavar="PLATE", help="plate.####.exr, a file, a folder or a movie.")],
    alpha: Annotated[str, typer.Argument(metavar="ALPHA", help="Its alphas: pattern or file.")],
    output: Annotated[str, typer.Option("--output", "-o", metavar="FG", help="Foregrounds to write; EXR.")],
    options: AlphaOptions,
    overwrite: Overwrite = False,
) -> None:
    """Write the straight, scene-linear colour of the foreground, without the background's spill at soft edges."""
    from dvm_core.foreground import estimate
    from dvm_core.io.alpha_file import ForegroundWriter
    from dvm_core.io.matte_file import read_channel
    from dvm_core.io.sequence import find_sequence

    plates = options.reader(plate, keep_linear=True)
    alphas, writer = find_sequence(alpha, "alpha"), ForegroundWriter(output)
    frames = chosen_frames(alphas.frames or plates.frames, options.range, f"The alpha {alpha}")
    chosen_frames(plates.frames, format_range(frames), f"The plate {plate}")
    read = [sequence.path(frame) for sequence in (plates.sequence, alphas) for frame in frames]
    refuse_existing(writer.paths(frames), overwrite, read)
    for frame in frames:
        image = plates.read(frame)
        linear = cast("NDArray[np.float32]", image.linear)  # kept, for the reader was told to
        # Resized and sharpened alphas overshoot a little.
        matte = read_channel(alphas.path(frame), options.alpha_channel, frame=frame).clip(0, 1)
        with named(frame, alphas.path(frame)):
            colour = estimate(linear, matte)
        tags = {"dvm:version": __version__, "oiio:ColorSpace": image.linear_space}
        say(str(writer.write(frame, colour, matte, image.header, attributes=tags)))
