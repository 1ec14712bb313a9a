"""A comp to play: an MP4 where PyAV is installed (the `movie` extra), numbered PNGs where it is not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dvm_core.bridge.errors import UsageError
from dvm_core.io.header import ImageHeader
from dvm_core.io.output import spec_of, write_image
from dvm_core.review.comp import GREY, display_bytes, over
from dvm_core.whole_file import whole_file

Frame = NDArray[np.uint8]

_BT709 = 1  # matrix, primaries and transfer: what players show as sRGB


def comp_preview(
    frames: Iterable[tuple[NDArray[np.float32], NDArray[np.float32]]],
    background: NDArray[np.float32] | tuple[float, ...] = GREY,
) -> Iterator[Frame]:
    """Comps of a clip, one at a time.

    Args:
        frames: Pairs of straight scene-linear foreground (H, W, 3) and alpha (H, W).
        background: Scene-linear colour, or picture of the frames' size.

    Yields:
        (H, W, 3) uint8 sRGB.
    """
    for foreground, alpha in frames:
        yield display_bytes(over(foreground, alpha, background))


def write_preview(
    path: Path, frames: Iterable[Frame], *, first: int = 1001, fps: Fraction | int = 24, movie: bool | None = None
) -> Path:
    """Write a clip for people to look at, frame by frame, so that its length does not matter.

    Args:
        path: Without an ending; `.mp4` or `.####.png` is added.
        frames: (H, W, 3) uint8 sRGB, all of one size.
        first: Number of the first picture.
        fps: Frames a second.
        movie: True for MP4, False for PNGs, None for MP4 where PyAV is installed.

    Returns:
        The movie, or the pattern of the pictures.

    Raises:
        UsageError: If there is no frame, or MP4 is asked for without PyAV.
        OutputError: If it cannot be written.
    """
    available = find_spec("av") is not None
    if movie and not available:
        raise UsageError("An MP4 preview needs PyAV: install dvm-core[movie], or write pictures.")
    waiting = iter(frames)
    start = next(waiting, None)
    if start is None:
        raise UsageError("A preview needs at least one frame.")
    every = chain([start], waiting)
    if available and movie is not False:
        return _write_movie(path.with_name(path.name + ".mp4"), start.shape[:2], every, Fraction(fps))
    for number, frame in enumerate(every, first):
        write_png(path.with_name(f"{path.name}.{number:04d}.png"), frame)
    return path.with_name(path.name + ".####.png")


def write_png(path: Path, picture: Frame) -> None:
    """Write one (H, W, 3) uint8 sRGB picture; the file appears complete or not at all.

    Raises:
        OutputError: If it cannot be written.
    """
    header = ImageHeader.plain(picture.shape[1], picture.shape[0])
    spec = spec_of(header, header.data, ("R", "G", "B"), "uint8")
    spec.attribute("oiio:ColorSpace", "srgb_rec709_scene")
    write_image(path, spec, picture)


def _write_movie(path: Path, size: tuple[int, ...], frames: Iterable[Frame], fps: Fraction) -> Path:
    import av

    options = {"movflags": "+faststart"}
    # PyAV's errors of files and disks are OSErrors too.
    with whole_file(path) as temporary, av.open(str(temporary), "w", format="mp4", options=options) as container:
        stream = _stream(container, size, fps)
        for frame in frames:
            container.mux(stream.encode(_picture(frame)))
        container.mux(stream.encode(None))
    return path


def _stream(container: Any, size: tuple[int, ...], fps: Fraction) -> Any:
    stream = container.add_stream("libx264", rate=fps, options={"crf": "16", "preset": "medium"})
    # H.264 with halved chroma takes even sides only.
    stream.height, stream.width = (side + side % 2 for side in size)
    stream.pix_fmt = "yuv420p"
    codec = stream.codec_context
    codec.colorspace = codec.color_primaries = codec.color_trc = _BT709
    return stream


def _picture(frame: Frame) -> Any:
    import av

    grow = [(0, side % 2) for side in frame.shape[:2]]
    picture = av.VideoFrame.from_ndarray(np.pad(frame, [*grow, (0, 0)], mode="edge"), format="rgb24")
    # Without a word, the conversion would take the matrix of standard definition, and saturated colours would shift.
    return picture.reformat(format="yuv420p", dst_colorspace=_BT709)
