"""Read and write trimaps: background, unknown and foreground as 0, 128 and 255."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dvm_core.bridge.errors import UsageError
from dvm_core.io.header import ImageHeader
from dvm_core.io.matte_file import read_channel, read_header
from dvm_core.io.output import spec_of, write_image
from dvm_core.io.sequence import find_sequence, output_path, output_paths

BACKGROUND, UNKNOWN, FOREGROUND = 0, 128, 255
TOLERANCE = 0.05
"""How far from 0 or 1 a stored value may be and still be known."""


class TrimapReader:
    """Read trimaps; safe to share between threads.

    Args:
        pattern: Sequence pattern, single picture or folder (see `find_sequence`).
        channel: Channel to read; "" leaves it to the rule of `read_channel`.

    Attributes:
        frames: Frame numbers there are, in order; empty for a file whose name has none.
        single: That file, or None.

    Raises:
        InputError: Nothing is there.
        UsageError: It is a movie.
    """

    def __init__(self, pattern: str | os.PathLike[str], *, channel: str = "") -> None:
        self._sequence = find_sequence(pattern, "trimap")
        if self._sequence.movie is not None:
            raise UsageError(f"The trimap '{pattern}' is a movie; export it as PNG or EXR pictures.")
        self._channel = channel
        self.frames = self._sequence.frames
        self.single = self._sequence.single

    def path(self, frame: int) -> Path:
        """File of one frame; of any frame, for a single file."""
        return self._sequence.path(frame)

    def header(self, frame: int) -> ImageHeader:
        """Header of one frame; InputError where it is missing, damaged or not whole."""
        return read_header(self.path(frame), self._channel, frame=frame)

    def read(self, frame: int) -> NDArray[np.uint8]:
        """One trimap over its display window, background where it has no pixels.

        Returns:
            (H, W) uint8 of `BACKGROUND`, `UNKNOWN` and `FOREGROUND`.

        Raises:
            InputError: The frame is missing, damaged, or leaves open which channel is meant.
        """
        return trimap_of(read_channel(self.path(frame), self._channel, frame=frame))


class TrimapWriter:
    """Write trimaps as PNG, TIFF or EXR, by the pattern's ending; safe to share between threads.

    Raises:
        UsageError: The pattern has another ending.
    """

    def __init__(self, pattern: str | os.PathLike[str]) -> None:
        self._pattern = pattern
        if self.path(0).suffix.lower() not in (".png", ".tif", ".tiff", ".exr"):
            raise UsageError(f"The trimap '{pattern}' would lose its values; let its name end in .png, .tif or .exr.")

    def path(self, frame: int) -> Path:
        """File of one frame."""
        return output_path(self._pattern, frame)

    def paths(self, frames: Sequence[int]) -> list[Path]:
        """Files of all frames that are going to be written; UsageError if they would overwrite each other."""
        return output_paths(self._pattern, frames)

    def write(self, frame: int, trimap: NDArray[np.uint8], header: ImageHeader) -> Path:
        """Write one trimap; the file appears complete or not at all.

        Args:
            frame: Frame number.
            trimap: (H, W) uint8 of `BACKGROUND`, `UNKNOWN` and `FOREGROUND`, over the display window.
            header: Header of the plate or matte that it belongs to.

        Returns:
            The file.

        Raises:
            OutputError: It cannot be written.
        """
        path = self.path(frame)
        dtype = "half" if path.suffix.lower() == ".exr" else "uint8"
        write_image(path, spec_of(header, header.display, ("Y",), dtype), trimap[:, :, None])
        return path


def trimap_of(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """A trimap from stored values: within `TOLERANCE` of 0 or 1 is known, all between is unknown.

    Args:
        values: (H, W), nominally in [0, 1]; NaN is unknown.

    Returns:
        (H, W) uint8 of `BACKGROUND`, `UNKNOWN` and `FOREGROUND`.
    """
    trimap = np.full_like(values, UNKNOWN, dtype=np.uint8)
    trimap[values <= TOLERANCE] = BACKGROUND
    trimap[values >= 1 - TOLERANCE] = FOREGROUND
    return trimap
