"""Write an image so that its final name only ever shows a complete file."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dvm_core.io.header import ImageHeader, Window
from dvm_core.io.image_file import oiio, reason
from dvm_core.whole_file import whole_file


def write_image(path: Path, spec: Any, pixels: NDArray[Any]) -> None:
    """Write one image under a temporary name in the same folder, then rename it; makes the folder if need be.

    Args:
        path: Final name; its ending chooses the format.
        spec: OpenImageIO spec of the file.
        pixels: (h, w, c) of the data window.

    Raises:
        OutputError: No permission, full disk, or anything else that keeps the file from being complete.
    """
    with whole_file(path) as temporary:
        # OpenImageIO reports a missing permission or a full disk without its cause; this open names the former.
        temporary.open("wb").close()
        _write(temporary, path.suffix, spec, pixels)


def spec_of(header: ImageHeader, data: Window, channels: Sequence[str], dtype: str) -> Any:
    """OpenImageIO spec of a picture that keeps a plate's header.

    Args:
        header: The plate's header: display window, pixel aspect, and what else an alpha keeps.
        data: Data window of the new picture.
        channels: Channel names.
        dtype: `half`, `float`, `uint8` or `uint16`.
    """
    spec = oiio.ImageSpec(data.width, data.height, len(channels), dtype)
    spec.channelnames = tuple(channels)
    spec.alpha_channel = channels.index("A") if "A" in channels else -1
    spec.x, spec.y = data.x, data.y
    display = header.display
    spec.full_x, spec.full_y, spec.full_width, spec.full_height = display
    spec.attribute("PixelAspectRatio", header.pixel_aspect)
    # An empty one stops OpenImageIO from writing the time of day: equal pixels must mean equal files.
    spec.attribute("DateTime", "")
    for name, kind, value in header.attributes:
        spec.attribute(name, kind, value)
    return spec


def _write(temporary: Path, ending: str, spec: Any, pixels: NDArray[Any]) -> None:
    output = oiio.ImageOutput.create(ending.lstrip("."))
    if output is None:
        raise OSError(f"no image format is called '{ending}'")
    # A 2-D array would be written wrong without a word; and on a full disk only `close` may fail.
    pixels = np.ascontiguousarray(pixels.reshape(spec.height, spec.width, spec.nchannels))
    done = output.open(str(temporary), spec) and output.write_image(pixels)
    closed = output.close()
    if not (done and closed and is_whole(temporary)):
        why = reason(output)
        # OpenImageIO does not say what the system said, so ask the disk.
        if shutil.disk_usage(temporary.parent).free < pixels.nbytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        raise OSError(why)


def is_whole(path: Path) -> bool:
    """Whether the last row of a file that `write_image` wrote can be read back.

    The libraries write the last kilobytes as they close the file, and take no notice if the disk is full by then.
    """
    image = oiio.ImageInput.open(str(path))
    if image is None:
        reason(oiio)
        return False
    if image.format_name() == "openexr":
        # One chunk instead of all: the file is written in order, so what is lost is at its end.
        bottom = image.spec().y + image.spec().height
        whole = image.read_scanlines(0, 0, bottom - 1, bottom, 0, 0, 1, "half") is not None
    else:
        whole = image.read_image(0, 0, 0, 1, "uint8") is not None
    reason(image)
    image.close()
    return whole
