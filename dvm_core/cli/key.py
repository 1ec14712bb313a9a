"""`dvm dataset key`: foreground colour and alpha from green- or blue-screen footage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from dvm_core.bridge.errors import InputError, UsageError
from dvm_core.cli.console import say
from dvm_core.cli.frames import chosen_frames, named, refuse_existing
from dvm_core.cli.options import Overwrite

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dvm_core.io.plate import PlateReader
    from dvm_core.keying.keyer import Keyer

LEARNT_FROM = 5
"""Frames, evenly spaced, that the screen is learnt from."""


@dataclass(frozen=True)
class ScreenOptions:
    """What the screen is like, and what the user knows of the foreground."""

    screen: Annotated[str, typer.Option(metavar="auto|green|blue", help="Kind of screen.")] = "auto"
    screen_colour: Annotated[
        str, typer.Option(metavar="R,G,B", help="Its scene-linear colour; else found.", show_default=False)
    ] = ""
    core: Annotated[
        str, typer.Option(metavar="MATTE", help="What is surely foreground: pattern or file.", show_default=False)
    ] = ""
    garbage: Annotated[
        str, typer.Option(metavar="MATTE", help="What is surely to go: pattern or file.", show_default=False)
    ] = ""
    despill: Annotated[float, typer.Option(min=0, max=1, help="How much of the screen's light to take off.")] = 1.0


@dataclass(frozen=True)
class OutputOptions:
    """What is written."""

    alpha: Annotated[str, typer.Option(metavar="ALPHA", help="Alphas to write, too; EXR.", show_default=False)] = ""
    premultiplied: Annotated[bool, typer.Option("--premultiplied", help="Multiply colour by alpha; EXR only.")] = False
    overwrite: Overwrite = False


def key(
    clip: Annotated[str, typer.Argument(metavar="CLIP", help="Footage: plate.####.exr, a file, a folder or a movie.")],
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FG", help="Foreground with alpha to write; EXR, PNG or TIFF.")
    ],
    screen: ScreenOptions,
    written: OutputOptions,
    range: Annotated[str, typer.Option(metavar="1001-1100", help="Frames; else all.", show_default=False)] = "",
    colorspace: Annotated[str, typer.Option(metavar="auto|NAME", help="Colour space of the footage.")] = "auto",
) -> None:
    """Extract the foreground's colour and alpha from green- or blue-screen footage."""
    from dvm_core.io.alpha_file import AlphaWriter
    from dvm_core.io.plate import PlateReader
    from dvm_core.io.rgba_file import Rgba, require_rgba_ending, write_rgba
    from dvm_core.io.sequence import output_paths

    require_rgba_ending(output, premultiplied=written.premultiplied)
    plates = PlateReader(clip, colorspace=colorspace, keep_linear=True)
    frames = chosen_frames(plates.frames, range, f"The clip {clip}")
    paths, alphas = output_paths(output, frames), AlphaWriter(written.alpha) if written.alpha else None
    mattes = _Mattes(screen.core, screen.garbage)
    read = [plates.sequence.path(frame) for frame in frames] + mattes.paths(frames)
    refuse_existing([*paths, *(alphas.paths(frames) if alphas else [])], written.overwrite, read)
    keyer = _learn(plates, frames, mattes, screen)
    shown = ", ".join(f"{value:.3f}" for value in keyer.screen.colour)
    say(f"Screen: {shown} (scene-linear), spill {keyer.spill:.2f}")
    for frame, path in zip(frames, paths, strict=True):
        plate = plates.read(frame)
        keyed = keyer.key(_linear(plate), mattes.read(frame, plate.header))
        if alphas:
            alphas.write(frame, keyed.alpha, plate.header)
        picture = Rgba(keyed.foreground, keyed.alpha, plate.header, plate.linear_space)
        say(str(write_rgba(path, picture, premultiplied=written.premultiplied)))


def _learn(plates: PlateReader, frames: Sequence[int], mattes: _Mattes, options: ScreenOptions) -> Keyer:
    from dvm_core.keying.keyer import Keyer
    from dvm_core.keying.screen import PRIMARIES

    if options.screen not in ("auto", *PRIMARIES):
        raise UsageError(f"--screen is auto, green or blue, not '{options.screen}'.")
    colour = _rgb(options.screen_colour)
    learnt = [plates.read(frame) for frame in _spread(frames)]
    with named(learnt[0].frame, learnt[0].path):
        return Keyer.learn(
            [_linear(plate) for plate in learnt],
            [mattes.read(plate.frame, plate.header) for plate in learnt],
            primary=PRIMARIES.get(options.screen),
            colour=colour,
            despill=options.despill,
        )


class _Mattes:
    """Core and garbage mattes of a clip, either or both of which may be missing."""

    def __init__(self, core: str, garbage: str) -> None:
        from dvm_core.io.sequence import find_sequence

        named = {"core matte": core, "garbage matte": garbage}
        self._sequences = [find_sequence(pattern, what) if pattern else None for what, pattern in named.items()]

    def paths(self, frames: Sequence[int]) -> list[Path]:
        """What is read for some frames."""
        return [sequence.path(frame) for sequence in self._sequences if sequence for frame in frames]

    def read(self, frame: int, header: Any) -> Any:
        """Hints for a frame with this header; what is half white or more counts."""
        from dvm_core.io.matte_file import read_channel
        from dvm_core.keying.matte import Hints

        hints = Hints.none(header.height, header.width)
        for matte, sequence in zip(hints, self._sequences, strict=True):
            if sequence is None:
                continue
            path = sequence.path(frame)
            values = read_channel(path, frame=frame)
            if values.shape != matte.shape:
                raise _other_size(path, values.shape, matte.shape, frame)
            matte[...] = values >= 0.5
        return hints


def _other_size(path: Path, found: tuple[int, ...], wanted: tuple[int, ...], frame: int) -> InputError:
    sizes = [f"{shape[1]} x {shape[0]}" for shape in (wanted, found)]
    return InputError(f"Expected a matte of the clip's {sizes[0]} pixels, found {sizes[1]}.", frame=frame, path=path)


def _linear(plate: Any) -> NDArray[np.float32]:
    return cast("NDArray[np.float32]", plate.linear)  # kept, for the reader was told to


def _spread(frames: Sequence[int]) -> list[int]:
    """Some frames, evenly spaced from the first to the last."""
    count = min(LEARNT_FROM, len(frames))
    return [frames[round(at * (len(frames) - 1) / max(1, count - 1))] for at in range(count)]


def _rgb(text: str) -> Any:
    """Three numbers as an array; None for none."""
    if not text:
        return None
    import numpy as np

    try:
        values = np.array([float(part) for part in text.split(",")], np.float32)
    except ValueError:
        values = np.zeros(0, np.float32)
    if values.shape != (3,) or not np.isfinite(values).all() or values[1:].max() <= values[0]:
        raise UsageError(f"--screen-colour is a green or blue as R,G,B in scene-linear light, not '{text}'.")
    return values
