"""Movies as plates, through PyAV: an optional extra, because its wheels carry GPL codecs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from dvm_core.bridge.errors import InputError, UsageError
from dvm_core.io.colour import DISPLAY, ColourSpace, requested_space
from dvm_core.io.header import Attribute, ImageHeader, Window
from dvm_core.io.image_file import oiio
from dvm_core.io.plate import Raw

_HDR_TRANSFERS = {16: "PQ", 18: "HLG"}
_UNSPECIFIED_MATRIX = 2
_HD_LINES = 720
"""Lines from which a movie without a colour matrix is taken for Rec.709; below, for Rec.601."""
_AHEAD = 24
"""Frames to decode on rather than to seek."""


class MovieSource:
    """The frames of a movie, decoded in order; one thread at a time.

    Going on decodes on; going back, or far ahead, seeks to the key frame before.

    Args:
        path: The movie.
        colorspace: `auto` (then `srgb_rec709_scene`) or the name of a colour space.
        from_timecode: Number the frames by the movie's time code instead of from 1.

    Attributes:
        frames: Frame numbers, in order.

    Raises:
        UsageError: PyAV is not installed, or the movie has no time code to number its frames by.
        InputError: The movie cannot be read, has no picture, or is tagged as HDR, which has no one way to sRGB.
    """

    def __init__(self, path: Path, colorspace: str = "auto", *, from_timecode: bool = False) -> None:
        self._path = path
        self._av = _pyav()
        try:
            self._open()
            self._times = _frame_times(self._container, self._stream)
        except (self._av.FFmpegError, IndexError) as error:
            raise InputError(f"The movie '{path}' cannot be read ({error}); export it again.", path=path) from error
        if not self._times:
            raise InputError(f"The movie '{path}' has no frames; export it again.", path=path)
        self._space = self._colour(colorspace)
        first = self._first_by_timecode() if from_timecode else 1
        self.frames = tuple(range(first, first + len(self._times)))
        self._next = len(self._times)

    def path(self, frame: int) -> Path:
        """The movie, whatever the frame."""
        return self._path

    def inspect(self, frame: int) -> tuple[ImageHeader, ColourSpace]:
        """Header and colour space of every frame."""
        return self._header(), self._space

    def _header(self) -> ImageHeader:
        window = Window(0, 0, self._stream.width, self._stream.height)
        rate = self._stream.average_rate
        attributes: tuple[Attribute, ...] = ()
        if rate:
            attributes = (Attribute("framesPerSecond", oiio.TypeRational, (rate.numerator, rate.denominator)),)
        return ImageHeader(window, window, float(self._stream.sample_aspect_ratio or 1), attributes)

    def read(self, frame: int) -> Raw:
        """Pixels of a frame: uint8, or uint16 for more than 8 bits a channel."""
        if frame not in self.frames:
            raise self._error(frame, f"is not there; it has the frames {self.frames[0]}-{self.frames[-1]}")
        try:
            picture = self._decode(frame - self.frames[0])
        except self._av.FFmpegError as error:
            raise self._error(frame, f"cannot be decoded ({error}); export it again") from error
        if picture is None or picture.is_corrupt:
            raise self._error(frame, "is damaged or missing; export it again")
        return Raw(self._rgb(picture), self._header(), self._space)

    def _open(self) -> None:
        self._container = self._av.open(str(self._path))
        self._stream = self._container.streams.video[0]
        self._stream.thread_type = "AUTO"
        self._decoded: Iterator[Any] = self._container.decode(self._stream)

    def _decode(self, index: int) -> Any:
        """The picture with this place in the movie, or None where decoding gives none."""
        picture = self._scan(index) if self._next <= index < self._next + _AHEAD else None
        if picture is None:
            self._container.seek(self._times[index], stream=self._stream)
            self._decoded = self._container.decode(self._stream)
            picture = self._scan(index)
        if picture is None:
            # A transport stream may seek to behind the frame; from its start nothing is missed.
            self._open()
            picture = self._scan(index)
        self._next = index + 1
        return picture

    def _scan(self, index: int) -> Any:
        """Decode on until the picture is there or passed."""
        for picture in self._decoded:
            if picture.pts is not None and picture.pts >= self._times[index]:
                return picture if picture.pts == self._times[index] else None
        return None

    def _rgb(self, picture: Any) -> Any:
        deep = any(component.bits > 8 for component in picture.format.components)
        matrix = None
        if picture.colorspace == _UNSPECIFIED_MATRIX and not picture.format.is_rgb:
            matrix = "ITU709" if picture.height >= _HD_LINES else "ITU601"
        rgb = picture.reformat(format="rgb48le" if deep else "rgb24", src_colorspace=matrix, interpolation="BICUBIC")
        return np.ascontiguousarray(rgb.to_ndarray())

    def _colour(self, colorspace: str) -> ColourSpace:
        if colorspace != "auto":
            return requested_space(colorspace)
        transfer = _HDR_TRANSFERS.get(int(self._stream.codec_context.color_trc))
        if transfer is not None:
            raise InputError(
                f"The movie '{self._path}' is tagged as {transfer}, not SDR; name its colour space with --colorspace.",
                path=self._path,
            )
        return ColourSpace(DISPLAY, "movie")

    def _first_by_timecode(self) -> int:
        text = self._stream.metadata.get("timecode") or self._container.metadata.get("timecode") or ""
        match = re.fullmatch(r"(\d+):(\d+):(\d+)([:;.])(\d+)", text)
        rate = self._stream.average_rate
        if match is None or not rate:
            raise UsageError(
                f"The movie '{self._path}' has no time code to number its frames by; let them count from 1 "
                "(--movie-frames count)."
            )
        hours, minutes, seconds, mark, frames = match.groups()
        whole = int(rate + Fraction(1, 2))
        total_minutes = int(hours) * 60 + int(minutes)
        count = (total_minutes * 60 + int(seconds)) * whole + int(frames)
        # Drop-frame time code skips two numbers a minute (four at 60), but not in each tenth.
        dropped = whole // 15 * (total_minutes - total_minutes // 10) if mark != ":" else 0
        return count - dropped

    def _error(self, frame: int, problem: str) -> InputError:
        return InputError(f"Frame {frame} of '{self._path}' {problem}.", frame=frame, path=self._path)


def _frame_times(container: Any, stream: Any) -> tuple[int, ...]:
    """Time stamp of every frame, in the order of display, read from the packets without decoding them."""
    packets = (packet for packet in container.demux(stream) if packet.size and not packet.is_discard)
    return tuple(sorted({packet.pts for packet in packets if packet.pts is not None}))


def _pyav() -> Any:
    try:
        import av
    except ImportError as error:
        raise UsageError("Reading a movie needs PyAV: pip install 'dvm-core[movie]', or export a sequence.") from error
    return av
