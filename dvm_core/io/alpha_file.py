"""Write alphas and clean foregrounds as EXR files that sit on the plate pixel for pixel."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dvm_core.bridge.errors import UsageError
from dvm_core.io.header import ImageHeader, Window
from dvm_core.io.image_file import oiio
from dvm_core.io.output import spec_of, write_image
from dvm_core.io.primaries import primaries_of_space
from dvm_core.io.sequence import output_path, output_paths

CHANNELS = {"alpha": ("A",), "matte": ("R", "G", "B", "A"), "rgba": ("R", "G", "B", "A")}
"""The layouts of an alpha file: `A` alone; R = G = B = A; the plate's colour times alpha, and A."""
COMPRESSIONS = ("none", "rle", "zip", "zips", "piz", "pxr24", "b44", "b44a", "dwaa", "dwab")
_LARGEST_HALF = np.float32(65504)


class _ExrWriter:
    """What alpha and foreground files share: names, compression, precision."""

    def __init__(self, pattern: str | os.PathLike[str], compression: str, half: bool) -> None:
        if compression.partition(":")[0] not in COMPRESSIONS:
            raise UsageError(f"'{compression}' is no EXR compression; choose one of {', '.join(COMPRESSIONS)}.")
        self._pattern = pattern
        self._compression = compression
        self._dtype = "half" if half else "float"
        if self.path(0).suffix.lower() != ".exr":
            raise UsageError(f"The output '{pattern}' is not EXR; let its name end in .exr.")

    def path(self, frame: int) -> Path:
        """File of one frame."""
        return output_path(self._pattern, frame)

    def paths(self, frames: Sequence[int]) -> list[Path]:
        """Files of all frames that are going to be written; UsageError if they would overwrite each other."""
        return output_paths(self._pattern, frames)

    def _write(
        self,
        frame: int,
        pixels: NDArray[np.float32],
        channels: tuple[str, ...],
        header: ImageHeader,
        attributes: Mapping[str, str],
    ) -> Path:
        """Write (H, W, C) pixels of the display window, cut to where the plate has pixels or alpha is not zero."""
        data = _data_window(header, pixels[:, :, -1])
        spec = spec_of(header, data, channels, self._dtype)
        spec.attribute("compression", self._compression)
        for name, value in attributes.items():
            spec.attribute(name, str(value))
        # What knows no names of colour spaces takes an EXR for Rec.709, unless it says this.
        if primaries := primaries_of_space(attributes.get("oiio:ColorSpace", "")):
            spec.attribute("chromaticities", oiio.TypeDesc("float[8]"), primaries)
        path = self.path(frame)
        if self._dtype == "half":
            pixels = _within_half(pixels)
        write_image(path, spec, pixels[data.within(header.display)])
        return path


class AlphaWriter(_ExrWriter):
    """Write alphas; safe to share between threads.

    Args:
        pattern: Where, with a place for the frame number unless it is a still; ends in `.exr`.
        channels: A key of `CHANNELS`.
        compression: One of `COMPRESSIONS`; lossy ones may carry a level, as `dwaa:45`.
        half: Half floats; else full floats.

    Raises:
        UsageError: One of these is not valid.
    """

    def __init__(
        self,
        pattern: str | os.PathLike[str],
        *,
        channels: str = "alpha",
        compression: str = "zip",
        half: bool = True,
    ) -> None:
        super().__init__(pattern, compression, half)
        if channels not in CHANNELS:
            raise UsageError(f"'{channels}' is no channel layout; choose one of {', '.join(CHANNELS)}.")
        self.channels = channels

    def write(
        self,
        frame: int,
        alpha: NDArray[Any],
        header: ImageHeader,
        *,
        rgb: NDArray[np.float32] | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> Path:
        """Write one alpha; the file appears complete or not at all.

        The data window is the plate's, cut to the display window, and as much larger as alpha outside it is not zero.

        Args:
            frame: Frame number.
            alpha: (H, W) over the display window; clipped to [0, 1], NaN becomes 0.
            header: The plate's header of that frame.
            rgb: The plate's scene-linear colour (H, W, 3), needed for `rgba` only.
            attributes: Further header entries, such as `dvm:model`; `oiio:ColorSpace` tags the colour of `rgba`.

        Returns:
            The file.

        Raises:
            OutputError: It cannot be written.
        """
        alpha = _unit(alpha)
        _check_size(alpha, header, "alpha")
        if self.channels == "alpha":
            pixels = alpha[:, :, None]
        elif self.channels == "matte":
            pixels = np.repeat(alpha[:, :, None], 4, axis=2)
        elif rgb is None:
            raise ValueError("channels='rgba' needs the plate's colour: pass rgb (H, W, 3)")
        else:
            pixels = _with_alpha(rgb, alpha)
            pixels[:, :, :3] *= alpha[:, :, None]
        return self._write(frame, pixels, CHANNELS[self.channels], header, attributes or {})


class ForegroundWriter(_ExrWriter):
    """Write clean foregrounds, straight (not premultiplied) RGBA; safe to share between threads.

    Args:
        pattern: Where, with a place for the frame number unless it is a still; ends in `.exr`.
        compression: One of `COMPRESSIONS`.
        half: Half floats; else full floats.

    Raises:
        UsageError: One of these is not valid.
    """

    def __init__(self, pattern: str | os.PathLike[str], *, compression: str = "zip", half: bool = True) -> None:
        super().__init__(pattern, compression, half)

    def write(
        self,
        frame: int,
        rgb: NDArray[np.float32],
        alpha: NDArray[Any],
        header: ImageHeader,
        *,
        attributes: Mapping[str, str] | None = None,
    ) -> Path:
        """Write one foreground; the file appears complete or not at all.

        Args:
            frame: Frame number.
            rgb: Scene-linear foreground colour (H, W, 3), not multiplied by alpha.
            alpha: (H, W) over the display window; clipped to [0, 1], NaN becomes 0.
            header: The plate's header of that frame.
            attributes: Further header entries; `oiio:ColorSpace` tags the colour.

        Returns:
            The file.

        Raises:
            OutputError: It cannot be written.
        """
        alpha = _unit(alpha)
        _check_size(alpha, header, "foreground")
        return self._write(frame, _with_alpha(rgb, alpha), CHANNELS["rgba"], header, attributes or {})


def _data_window(header: ImageHeader, alpha: NDArray[np.float32]) -> Window:
    data = header.data.intersect(header.display)
    if data == header.display:
        return data
    rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
    if rows.size == 0:
        return header.display if data.empty else data
    used = Window(
        header.display.x + int(columns[0]),
        header.display.y + int(rows[0]),
        int(columns[-1] - columns[0]) + 1,
        int(rows[-1] - rows[0]) + 1,
    )
    return used if data.empty else data.union(used)


def _unit(alpha: NDArray[Any]) -> NDArray[np.float32]:
    alpha = np.asarray(alpha, np.float32)
    # NaN passes through min and max, so it fails this test as well.
    if alpha.size == 0 or (alpha.min() >= 0 and alpha.max() <= 1):
        return alpha
    clipped: NDArray[np.float32] = np.clip(np.nan_to_num(alpha, nan=0.0), 0.0, 1.0)
    return clipped


def _within_half(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Values that a half float can hold: what is larger would become infinity, and NaN in the comp."""
    if pixels.size == 0 or (pixels.max() <= _LARGEST_HALF and pixels.min() >= -_LARGEST_HALF):
        return pixels
    return pixels.clip(-_LARGEST_HALF, _LARGEST_HALF)


def _with_alpha(rgb: NDArray[np.float32], alpha: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.concatenate([rgb, alpha[:, :, None]], axis=2, dtype=np.float32)


def _check_size(alpha: NDArray[np.float32], header: ImageHeader, what: str) -> None:
    if alpha.shape != (header.height, header.width):
        raise ValueError(f"{what} must be (H, W) = {(header.height, header.width)} of the header, got {alpha.shape}")
