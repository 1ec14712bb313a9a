"""Open an image file and read some of its channels, or say in one sentence why not.

What OpenImageIO does in its own way is dealt with here, so that no other file has to know of it.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO
from numpy.typing import NDArray

from dvm_core.bridge.errors import InputError
from dvm_core.io.header import ImageHeader, Window

oiio: Any = OpenImageIO

MAX_SIDE = 1 << 16
"""Pixels along one side of a window; more is a damaged header, not a picture."""
MAX_PIXELS = 1 << 29
"""Pixels in one window (fifteen 8K frames), checked before anything is allocated."""

_NATIVE = frozenset({"uint8", "uint16", "half", "float"})
_openexr_reader = threading.Lock()


class ImageFile:
    """One open image, for one thread at a time; a context manager.

    Args:
        path: The file.
        frame: Its frame number, for messages.

    Raises:
        InputError: The file is missing, is no image, or its header is damaged or absurd.
    """

    def __init__(self, path: Path, frame: int | None = None) -> None:
        self.path = path
        self.frame = frame
        if not path.is_file():
            raise self.error("is missing; render or copy it, or leave it out of the range")
        self._coded = False
        self._input = self._open()
        self._format = str(self._input.format_name())
        for spec in self.parts:
            self._check(spec)

    def __enter__(self) -> ImageFile:
        return self

    def __exit__(self, *exception: object) -> None:
        self._input.close()

    @cached_property
    def parts(self) -> tuple[Any, ...]:
        """An OpenImageIO `ImageSpec` for each part of an EXR file; for the first picture of any other file."""
        count = self._input.spec().get_int_attribute("oiio:subimages", 1) if self._format == "openexr" else 1
        specs = [self._input.spec() for part in range(count) if self._input.seek_subimage(part, 0)]
        if len(specs) != max(1, count):
            raise self._damaged(self._input)
        return tuple(specs)

    def read(self, part: int, channels: Sequence[int]) -> NDArray[Any]:
        """Some channels of one part over its data window.

        Args:
            part: Index into `parts`.
            channels: Indices of channels, in the order wanted.

        Returns:
            (h, w, len(channels)); uint8, uint16, float16 as stored, and float32 for every other type.

        Raises:
            InputError: Not every pixel could be read.
        """
        spec = self.parts[part]
        native = str(spec.format)
        dtype = native if native in _NATIVE and not spec.channelformats else "float"
        first, last = min(channels), max(channels)
        try:
            pixels = self._input.read_image(part, 0, first, last + 1, dtype)
        except MemoryError as error:
            raise self.error("does not fit into memory") from error
        if pixels is None or self._input.has_error:
            raise self._damaged(self._input)
        if self._format == "jpeg" and _jpeg_is_cut(self.path):
            raise self.error("is cut short; render or copy it again")
        pixels = np.reshape(pixels, (spec.height, spec.width, last + 1 - first))
        wanted = [channel - first for channel in channels]
        return pixels if wanted == list(range(pixels.shape[2])) else pixels[:, :, wanted]

    def require_end(self, part: int) -> None:
        """See that the last pixels of a part are there, without reading the others: what is cut short lacks its end.

        For EXR and PNG; the other formats tell when they are read, and so does luminance and chroma, whose reader
        cannot give some rows alone.

        Raises:
            InputError: They are not.
        """
        if self._format == "png" and not _png_has_end(self.path):
            raise self.error("is cut short; render or copy it again")
        if self._format != "openexr" or self._coded:
            return
        if self.parts[part].tile_width:
            last = self._last_tile(part)
        else:
            bottom = self.parts[part].y + self.parts[part].height
            last = self._input.read_scanlines(part, 0, bottom - 1, bottom, 0, 0, 1, "half")
        if last is None or self._input.has_error:
            raise self._damaged(self._input)

    def _last_tile(self, part: int) -> Any:
        spec = self.parts[part]
        column = spec.x + (spec.width - 1) // spec.tile_width * spec.tile_width
        row = spec.y + (spec.height - 1) // spec.tile_height * spec.tile_height
        self._input.seek_subimage(part, 0)
        return self._input.read_tile(column, row, spec.z, "half")

    def error(self, problem: str) -> InputError:
        """The error that says what is wrong with this file."""
        name = "Image" if self.frame is None else f"Frame {self.frame}"
        return InputError(f"{name} '{self.path}' {problem}.", frame=self.frame, path=self.path)

    def _open(self) -> Any:
        # Colour with an unassociated alpha (PNG) must come as stored, not multiplied by it.
        config = oiio.ImageSpec()
        config.attribute("oiio:UnassociatedAlpha", 1)
        file = oiio.ImageInput.open(str(self.path), config)
        if file is not None:
            return file
        why = reason(oiio)
        if "Subsampled channels" not in why:
            raise self.error(f"cannot be read ({why}); render or copy it again")
        # Only OpenImageIO's older EXR reader knows luminance and chroma; which one opens a file is a global choice.
        # A thread that opens an ordinary file meanwhile gets the older one too, which reads it just as well.
        with _openexr_reader:
            oiio.attribute("openexr:core", 0)
            try:
                file = oiio.ImageInput.open(str(self.path), config)
            finally:
                oiio.attribute("openexr:core", 1)
        if file is None:
            raise self._damaged(oiio)
        self._coded = True
        return file

    def _check(self, spec: Any) -> None:
        if spec.deep:
            raise self.error("is a deep image, where a flat one was expected; flatten it first")
        for window in (Window(0, 0, spec.full_width, spec.full_height), Window(0, 0, spec.width, spec.height)):
            if not 0 < window.width <= MAX_SIDE or not 0 < window.height <= MAX_SIDE or window.area > MAX_PIXELS:
                raise self.error(
                    f"has a window of {window.width} x {window.height} pixels, which no picture has; "
                    "render or copy it again"
                )

    def _damaged(self, source: Any) -> InputError:
        why = reason(source)
        remedy = "save it as RGB" if "luminance-chroma" in why else "render or copy it again"
        return self.error(f"cannot be read whole ({why}); {remedy}")


def over_display(pixels: NDArray[Any], header: ImageHeader) -> NDArray[Any]:
    """Pixels of the data window (h, w, c) as pixels of the display window (H, W, c); zero where the file has none."""
    if header.data == header.display:
        return pixels
    shared = header.data.intersect(header.display)
    whole = np.zeros((header.height, header.width, pixels.shape[2]), pixels.dtype)
    if not shared.empty:
        whole[shared.within(header.display)] = pixels[shared.within(header.data)]
    return whole


def _jpeg_is_cut(path: Path) -> bool:
    """Whether the end mark is missing; the library fills what is missing of a progressive JPEG without a word."""
    data = path.read_bytes()
    return data.find(b"\xff\xd9", data.rfind(b"\xff\xda")) < 0


def _png_has_end(path: Path) -> bool:
    """Whether the file ends as the format says; zeros that a copy reserved do not count as an end."""
    with path.open("rb") as file:
        file.seek(-min(file.seek(0, os.SEEK_END), 12), os.SEEK_END)
        return file.read() == b"\0\0\0\0IEND\xaeB`\x82"


def reason(source: Any) -> str:
    """What OpenImageIO says is wrong, as a short piece of a sentence."""
    try:
        text = str(source.geterror())
    except UnicodeDecodeError:
        # It quotes raw bytes of a damaged header.
        return "its header is damaged"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        return "not an image, or cut short"
    # Our sentence names the path already, and codes mean nothing to an artist.
    text = re.sub(r"^EXR Error \(.*\): |EXR_ERR_[A-Z_]+ ", "", lines[0])
    return "".join(c if c.isprintable() else "?" for c in text)[:120].rstrip(". ")
