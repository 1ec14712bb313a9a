"""The options that several commands share, in the groups that help shows them in.

Values are checked where every job's are, in `dvm_core.bridge.settings`: the shell and a job document take the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from dvm_core.bridge.errors import UsageError
from dvm_core.bridge.settings import Settings

if TYPE_CHECKING:
    from dvm_core.io.plate import PlateReader

_ENGINE, _READ, _WRITTEN, _REPORT = "How to compute", "What is read", "What is written", "Progress and reports"


Json = Annotated[bool, typer.Option("--json", help="Print a machine-readable summary last.", rich_help_panel=_REPORT)]
LogFile = Annotated[
    str,
    typer.Option(metavar="FILE", help="Append what happens to a file.", rich_help_panel=_REPORT, show_default=False),
]
TrimapChannel = Annotated[
    str, typer.Option(metavar="NAME", help="Channel of the trimaps.", rich_help_panel=_READ, show_default=False)
]
AlphaChannel = Annotated[
    str, typer.Option(metavar="NAME", help="Channel of the alphas.", rich_help_panel=_READ, show_default=False)
]
ShotRange = Annotated[
    str,
    typer.Option(
        metavar="1001-1100",
        help="Frames that the shot has; else all on disk.",
        rich_help_panel=_READ,
        show_default=False,
    ),
]
Keys = Annotated[
    str,
    typer.Option(
        metavar="FRAMES",
        help="Painted ones among trimaps that were propagated: 1001,1040.",
        rich_help_panel=_READ,
        show_default=False,
    ),
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Write files that are there again.", rich_help_panel=_WRITTEN)
]


@dataclass(frozen=True)
class ComputeOptions:
    """What computes, and where."""

    model: Annotated[str, typer.Option(metavar="NAME|FILE", help="Model.", rich_help_panel=_ENGINE)] = "lite"
    device: Annotated[
        str, typer.Option(metavar="auto|cpu|cuda[:N]", help="Where to compute.", rich_help_panel=_ENGINE)
    ] = "auto"
    precision: Annotated[
        str,
        typer.Option(
            metavar="auto|fp32|bf16|fp16",
            help="auto: fp32 on a CPU, bf16 on a GPU that has it.",
            rich_help_panel=_ENGINE,
        ),
    ] = "auto"
    threads: Annotated[int, typer.Option(metavar="N", help="CPU threads; 0: as found.", rich_help_panel=_ENGINE)] = 0


@dataclass(frozen=True)
class EngineOptions(ComputeOptions):
    """How a job is computed."""

    tile: Annotated[
        str, typer.Option(metavar="auto|off|N", help="Side of a tile in pixels.", rich_help_panel=_ENGINE)
    ] = "auto"
    reduce: Annotated[
        str,
        typer.Option(metavar="auto|N", help="Matte at 1/N of the size; detail comes back.", rich_help_panel=_ENGINE),
    ] = "auto"
    max_memory: Annotated[
        str, typer.Option(metavar="8G", help="Memory to stay below.", rich_help_panel=_ENGINE, show_default=False)
    ] = ""


@dataclass(frozen=True)
class PlateOptions:
    """Which frames of a plate, and how they are read."""

    range: Annotated[
        str,
        typer.Option(
            metavar="1001-1100", help="Frames, also 1-10,20-30x2; else all.", rich_help_panel=_READ, show_default=False
        ),
    ] = ""
    colorspace: Annotated[
        str, typer.Option(metavar="auto|NAME", help="Colour space of the plate.", rich_help_panel=_READ)
    ] = "auto"
    layer: Annotated[
        str, typer.Option(metavar="NAME", help="EXR layer of the plate.", rich_help_panel=_READ, show_default=False)
    ] = ""
    view: Annotated[
        str, typer.Option(metavar="NAME", help="Stereo view of the plate.", rich_help_panel=_READ, show_default=False)
    ] = ""
    movie_frames: Annotated[
        str,
        typer.Option(
            metavar="count|timecode",
            help="Number a movie's frames from 1, or by its time code.",
            rich_help_panel=_READ,
        ),
    ] = "count"

    def reader(self, plate: str, *, keep_linear: bool = False) -> PlateReader:
        """The plate, read in this way.

        Args:
            plate: Pattern, file, folder or movie.
            keep_linear: Whether its scene-linear light is wanted.

        Raises:
            InputError: As `PlateReader` raises it.
            UsageError: A value does not fit.
        """
        from dvm_core.io.plate import PlateReader

        # Values are checked where every job's are.
        ways = Settings(
            colorspace=self.colorspace, layer=self.layer, view=self.view, movie_frames=self.movie_frames
        ).of_plate
        return PlateReader(plate, keep_linear=keep_linear, **ways)


@dataclass(frozen=True)
class ReadOptions(PlateOptions):
    """How plate and trimaps are read."""

    shot_range: ShotRange = ""
    propagate: Annotated[
        bool,
        typer.Option("--propagate", help="Trimaps are keyframes: propagate them.", rich_help_panel=_READ),
    ] = False
    keys: Keys = ""
    trimap_channel: TrimapChannel = ""
    corrected: Annotated[
        str,
        typer.Option(
            metavar="ALPHAS",
            help="Alphas put right by hand: kept, and carried to the frames around them.",
            rich_help_panel=_READ,
            show_default=False,
        ),
    ] = ""


@dataclass(frozen=True)
class WriteOptions:
    """What is written, and in what form."""

    channels: Annotated[
        str,
        typer.Option(
            metavar="alpha|matte|rgba",
            help="alpha: A. matte: R = G = B = A. rgba: premultiplied plate and A.",
            rich_help_panel=_WRITTEN,
        ),
    ] = "alpha"
    fg: Annotated[
        str,
        typer.Option(
            metavar="PATTERN", help="Also write the foreground colour.", rich_help_panel=_WRITTEN, show_default=False
        ),
    ] = ""
    compression: Annotated[str, typer.Option(metavar="NAME", help="EXR compression.", rich_help_panel=_WRITTEN)] = "zip"
    half: Annotated[bool, typer.Option("--half/--float", help="16-bit or 32-bit float.", rich_help_panel=_WRITTEN)] = (
        True
    )
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep output frames that are there.", rich_help_panel=_WRITTEN)
    ] = False
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Write output frames that are there again.", rich_help_panel=_WRITTEN)
    ] = False

    @property
    def existing(self) -> str:
        """What to do with output frames that are there: `fail`, `resume` or `overwrite`.

        Raises:
            UsageError: Both were asked for.
        """
        if self.resume and self.overwrite:
            raise UsageError("--resume keeps finished frames and --overwrite replaces them; give one of the two.")
        return "resume" if self.resume else "overwrite" if self.overwrite else "fail"


@dataclass(frozen=True)
class ReportOptions:
    """How a job tells what it does."""

    progress: Annotated[
        str,
        typer.Option(
            metavar="auto|bar|json|openjd|none",
            help="auto: a bar in a terminal, else a line now and then.",
            rich_help_panel=_REPORT,
        ),
    ] = "auto"
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say only errors.", rich_help_panel=_REPORT)] = False
    json: Json = False
    log_file: LogFile = ""
    report: Annotated[
        str,
        typer.Option(
            metavar="FILE.json",
            help="Write a report at the end: JSON, and text beside it.",
            rich_help_panel=_REPORT,
            show_default=False,
        ),
    ] = ""
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and stop.", rich_help_panel=_REPORT)] = (
        False
    )
