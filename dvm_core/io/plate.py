"""The plate, frame by frame: what the network sees of it, and its scene-linear light."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from dvm_core.bridge.errors import InputError
from dvm_core.io.colour import ColourSpace, colour_space
from dvm_core.io.convert import linear_name, to_display, to_linear
from dvm_core.io.header import ImageHeader
from dvm_core.io.image_file import ImageFile, over_display
from dvm_core.io.layers import Colour, pick_colour
from dvm_core.io.sequence import FIRST_FRAME, FrameSequence, find_sequence


class Plate(NamedTuple):
    """One frame of a plate.

    Attributes:
        frame: Frame number.
        path: The file that it came from.
        display: (H, W, 3) float32, C-contiguous, in [0, 1]: sRGB-encoded Rec.709 with the roll-off of
            `dvm_core.io.roll_off`, over the display window.
        linear: (H, W, 3) float32 scene-linear in `linear_space`, or None if not asked for.
        linear_space: Name of that colour space.
        header: What the alpha keeps of the frame's header.
    """

    frame: int
    path: Path
    display: NDArray[np.float32]
    linear: NDArray[np.float32] | None
    linear_space: str
    header: ImageHeader


class Raw(NamedTuple):
    """A frame as its file has it: (H, W, 3) over the display window, in the file's type and colour space."""

    pixels: NDArray[Any]
    header: ImageHeader
    space: ColourSpace


class Source(Protocol):
    """Where frames come from: image files or a movie."""

    frames: tuple[int, ...]

    def path(self, frame: int) -> Path:
        """File of a frame."""

    def inspect(self, frame: int) -> tuple[ImageHeader, ColourSpace]:
        """Header and colour space of a frame, without its pixels."""

    def read(self, frame: int) -> Raw:
        """Pixels of a frame."""


class PlateReader:
    """Read the frames of a plate. Image files may be read from several threads at once, a movie from one at a time.

    Args:
        pattern: Sequence pattern, single picture, folder or movie (see `find_sequence`).
        colorspace: `auto` or the name of a colour space (see `colour_space`).
        layer: Layer to read, "" for the main one.
        view: View to read, "" for the first one.
        movie_frames: `count` a movie's frames from 1, or number them by its `timecode`.
        keep_linear: Whether `read` also gives scene-linear light.

    Attributes:
        frames: Frame numbers there are, in order.

    Raises:
        InputError: Nothing is there, or the first frame cannot be read.
        UsageError: The colour space is not known, or a movie has no time code to number its frames by.
    """

    def __init__(
        self,
        pattern: str | os.PathLike[str],
        *,
        colorspace: str = "auto",
        layer: str = "",
        view: str = "",
        movie_frames: str = "count",
        keep_linear: bool = False,
    ) -> None:
        self.sequence = find_sequence(pattern, "plate")
        self.keep_linear = keep_linear
        if self.sequence.movie is None:
            self._source: Source = ImageSource(self.sequence, colorspace, layer, view)
        else:
            # Only a movie needs the optional PyAV.
            from dvm_core.io.movie import MovieSource

            by_timecode = movie_frames == "timecode"
            self._source = MovieSource(self.sequence.movie, colorspace, from_timecode=by_timecode)
        self.frames = self._source.frames

    @cached_property
    def colorspace(self) -> ColourSpace:
        """The colour space of the plate (that of its first frame) and why; `str()` of it is fit to print."""
        return self._source.inspect(self.frames[0])[1]

    def header(self, frame: int) -> ImageHeader:
        """Header of one frame, without reading more of its pixels than it takes to see that the last ones are there.

        Raises:
            InputError: The frame is missing, its header is damaged, or its end is missing.
        """
        return self.inspect(frame)[0]

    def inspect(self, frame: int) -> tuple[ImageHeader, ColourSpace]:
        """Header and colour space of one frame; as `header`."""
        return self._source.inspect(frame)

    def read(self, frame: int) -> Plate:
        """One frame.

        Raises:
            InputError: The frame is missing, damaged, cut short, or says that it is in another colour space than the
                first one.
        """
        pixels, header, space = self._source.read(frame)
        self.require_space(frame, space)
        linear = to_linear(pixels, space) if self.keep_linear else None
        return Plate(frame, self._source.path(frame), to_display(pixels, space), linear, linear_name(space), header)

    def require_space(self, frame: int, space: ColourSpace) -> None:
        """See that a frame's colour space is that of the first one.

        Raises:
            InputError: It is another one, or the first frame is damaged.
        """
        path = self._source.path(frame)
        if space.name != self.colorspace.name or space.matrix != self.colorspace.matrix:
            raise InputError(
                f"Frame {frame} '{path}' is in {space}, but the plate began in {self.colorspace}; "
                "render it like the others, or name one space for all with --colorspace.",
                frame=frame,
                path=path,
            )


class ImageSource:
    """The frames of an image sequence."""

    def __init__(self, sequence: FrameSequence, colorspace: str, layer: str, view: str) -> None:
        self._sequence = sequence
        self._colorspace = colorspace
        self._layer = layer
        self._view = view
        self.frames = sequence.frames or (FIRST_FRAME,)

    def path(self, frame: int) -> Path:
        """File of a frame."""
        return self._sequence.path(frame)

    def inspect(self, frame: int) -> tuple[ImageHeader, ColourSpace]:
        """Header and colour space of a frame, of whose pixels the last ones are there."""
        with ImageFile(self.path(frame), frame) as image:
            colour = self._pick(image)
            image.require_end(colour.part)
            return ImageHeader.of_spec(image.parts[colour.part]), self._space(image, colour)

    def read(self, frame: int) -> Raw:
        """Pixels of a frame; a grey file becomes three equal channels."""
        with ImageFile(self.path(frame), frame) as image:
            colour = self._pick(image)
            header = ImageHeader.of_spec(image.parts[colour.part])
            pixels = over_display(image.read(colour.part, colour.channels), header)
            space = self._space(image, colour)
        return Raw(pixels if pixels.shape[2] == 3 else np.repeat(pixels, 3, axis=2), header, space)

    def _pick(self, image: ImageFile) -> Colour:
        picked = pick_colour(image.parts, self._layer, self._view)
        if isinstance(picked, str):
            raise image.error(picked)
        return picked

    def _space(self, image: ImageFile, colour: Colour) -> ColourSpace:
        try:
            return colour_space(image.parts[colour.part], self._colorspace)
        except InputError as error:
            raise InputError(error.message, frame=image.frame, path=image.path) from error
