"""Read one channel of an image as a matte: which channel that is, when a file has several."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dvm_core.io.header import ImageHeader
from dvm_core.io.image_file import ImageFile, over_display

_RED = ("r", "red", "y")


def read_channel(path: str | Path, channel: str = "", *, frame: int | None = None) -> NDArray[np.float32]:
    """One channel of an image over its display window.

    Args:
        path: The file.
        channel: Name of the channel; "" means the only one, or R (else Y), unless colour
            is constant and A varies: then A.
        frame: Frame number, for messages.

    Returns:
        (H, W) float32, C-contiguous; integer files in [0, 1], float files as stored, 0 outside the data window.

    Raises:
        InputError: The file is missing or damaged, or leaves open which channel is meant.
    """
    with ImageFile(Path(path), frame) as image:
        part, pixels = _matte(image, channel)
        header = ImageHeader.of_spec(image.parts[part])
    matte = over_display(pixels[:, :, None], header)[:, :, 0]
    values = np.ascontiguousarray(matte, np.float32)
    return values / np.float32(np.iinfo(matte.dtype).max) if matte.dtype.kind == "u" else values


def read_header(path: str | Path, channel: str = "", *, frame: int | None = None) -> ImageHeader:
    """Header of a matte, without reading more of its pixels than it takes to see that the last ones are there.

    Args:
        path: The file.
        channel: As for `read_channel`.
        frame: Frame number, for messages.

    Raises:
        InputError: The file is missing, its header is damaged, or its end is missing.
    """
    with ImageFile(Path(path), frame) as image:
        part = matte_part(image, channel)
        image.require_end(part)
        return ImageHeader.of_spec(image.parts[part])


def matte_part(image: ImageFile, channel: str = "") -> int:
    """The part of an image that a matte's channel is in; without a name that is the first."""
    return _named(image, channel)[0] if channel else 0


def _matte(image: ImageFile, channel: str) -> tuple[int, NDArray[Any]]:
    """The part and the (h, w) channel over its data window."""
    if channel:
        part, index = _named(image, channel)
        return part, image.read(part, [index])[:, :, 0]
    names = [name.lower() for name in image.parts[0].channelnames]
    if len(names) == 1:
        return 0, image.read(0, [0])[:, :, 0]
    red = next((names.index(name) for name in _RED if name in names), None)
    alpha = names.index("a") if "a" in names else None
    if alpha is None or red is None:
        only = red if alpha is None else alpha
        if only is None:
            raise image.error(f"has the channels {_listed(image)}, so which is the matte is open; name one of them")
        return 0, image.read(0, [only])[:, :, 0]
    colour = [index for index, name in enumerate(names) if name in ("r", "red", "g", "green", "b", "blue", "y")]
    pixels = image.read(0, [*colour, alpha])
    constant = all(_constant(pixels[:, :, index]) for index in range(len(colour)))
    if constant and not _constant(pixels[:, :, -1]):
        return 0, pixels[:, :, -1]
    return 0, pixels[:, :, colour.index(red)]


def _named(image: ImageFile, channel: str) -> tuple[int, int]:
    places: dict[str, tuple[int, int]] = {}
    for part, spec in enumerate(image.parts):
        for index, name in enumerate(spec.channelnames):
            places.setdefault(name, (part, index))
            places.setdefault(f"{spec.getattribute('oiio:subimagename')}.{name}", (part, index))
    any_case = {name.lower(): place for name, place in reversed(places.items())}
    place = places.get(channel) or any_case.get(channel.lower())
    if place is not None:
        return place
    raise image.error(f"has no channel '{channel}'; it has {_listed(image)}")


def _listed(image: ImageFile) -> str:
    return ", ".join(dict.fromkeys(name for spec in image.parts for name in spec.channelnames))


def _constant(channel: NDArray[Any]) -> bool:
    return bool((channel == channel.flat[0]).all())
