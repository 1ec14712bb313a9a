"""Pictures with colour and alpha, straight or premultiplied: read as both, written as either."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from dvm_core.bridge.errors import UsageError
from dvm_core.io.colour import LINEAR, ColourSpace, colour_space, requested_space
from dvm_core.io.convert import linear_name, to_linear
from dvm_core.io.header import ImageHeader
from dvm_core.io.image_file import ImageFile, over_display
from dvm_core.io.layers import pick_colour
from dvm_core.io.output import spec_of, write_image

ASSOCIATION = "dvm:alpha"
"""Header entry that says `straight` or `premultiplied`; without it an EXR is premultiplied, any other file straight."""

_INTEGER = {".png": "uint16", ".tif": "uint16", ".tiff": "uint16"}
_LEAST = 1e-4
_SRGB_KNEE = 0.0031308


class Rgba(NamedTuple):
    """A picture with alpha.

    Attributes:
        rgb: (H, W, 3) straight scene-linear colour; black where alpha is 0 in a premultiplied file.
        alpha: (H, W) in [0, 1].
        header: Of the file.
        space: Name of the colour's space.
    """

    rgb: NDArray[np.float32]
    alpha: NDArray[np.float32]
    header: ImageHeader
    space: str = LINEAR


def read_rgba(path: Path, *, colorspace: str = "auto", frame: int | None = None) -> Rgba:
    """Read a picture with alpha.

    Args:
        path: The file.
        colorspace: `auto` or the name of a colour space.
        frame: Frame number, for messages.

    Raises:
        InputError: The file is missing, damaged, or has no colour or no channel A.
        UsageError: The colour space is not known.
    """
    with ImageFile(path, frame) as image:
        colour = pick_colour(image.parts)
        if isinstance(colour, str):
            raise image.error(colour)
        spec = image.parts[colour.part]
        names = [name.lower() for name in spec.channelnames]
        if "a" not in names:
            raise image.error(f"has no alpha, only the channels {', '.join(spec.channelnames)}; save it with one")
        header = ImageHeader.of_spec(spec)
        pixels = over_display(image.read(colour.part, [*colour.channels, names.index("a")]), header)
        space = colour_space(spec, "auto") if colorspace == "auto" else requested_space(colorspace)
        by_default = "premultiplied" if path.suffix.lower() == ".exr" else "straight"
        association = str(spec.getattribute(ASSOCIATION) or by_default)
    return _straight(pixels, header, space, association == "premultiplied")


def write_rgba(path: Path, picture: Rgba, *, premultiplied: bool = False) -> Path:
    """Write a picture with alpha; the file appears complete or not at all.

    Args:
        path: EXR (half, scene-linear), or PNG or TIFF (16 bits, sRGB, clipped to [0, 1]).
        picture: Colour and alpha.
        premultiplied: Whether colour is multiplied by alpha, in linear light.

    Raises:
        UsageError: Another ending, or a premultiplied PNG, which that format does not know.
        OutputError: It cannot be written.
    """
    ending = path.suffix.lower()
    require_rgba_ending(str(path), premultiplied=premultiplied)
    if ending in _INTEGER and picture.space != LINEAR:
        raise UsageError(f"'{path}' holds sRGB, but the colour is in {picture.space}; write EXR.", path=path)
    rgb = picture.rgb * picture.alpha[..., None] if premultiplied else picture.rgb
    if ending in _INTEGER:
        rgb = srgb(rgb)
    pixels = np.dstack([rgb, picture.alpha]).astype(np.float32)
    spec = spec_of(picture.header, picture.header.display, ("R", "G", "B", "A"), _INTEGER.get(ending, "half"))
    spec.attribute(ASSOCIATION, "premultiplied" if premultiplied else "straight")
    if ending == ".exr":
        spec.attribute("oiio:ColorSpace", picture.space)
        pixels = pixels.clip(-65504.0, 65504.0)
    if not premultiplied:
        # Or OpenImageIO would divide the colour by alpha once more.
        spec.attribute("oiio:UnassociatedAlpha", 1)
    write_image(path, spec, pixels)
    return path


def require_rgba_ending(pattern: str, *, premultiplied: bool) -> None:
    """See that colour and alpha fit into files of that name.

    Raises:
        UsageError: They do not.
    """
    ending = Path(pattern).suffix.lower()
    if ending != ".exr" and ending not in _INTEGER:
        raise UsageError(f"Colour with alpha is written as EXR, PNG or TIFF; let '{pattern}' end in one of these.")
    if premultiplied and ending != ".exr":
        raise UsageError(f"Only EXR holds premultiplied scene-linear colour; let '{pattern}' end in .exr.")


def srgb(linear: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scene-linear Rec.709 to sRGB of IEC 61966-2-1, clipped to [0, 1]."""
    light = linear.clip(0.0, 1.0)
    high = 1.055 * cv2.pow(np.maximum(light, _SRGB_KNEE), 1 / 2.4) - 0.055
    return np.where(light <= _SRGB_KNEE, 12.92 * light, high).astype(np.float32)


def _straight(pixels: NDArray[Any], header: ImageHeader, space: ColourSpace, premultiplied: bool) -> Rgba:
    largest = np.iinfo(pixels.dtype).max if pixels.dtype.kind == "u" else 1
    alpha = (pixels[..., -1].astype(np.float32) / np.float32(largest)).clip(0.0, 1.0)
    alpha = np.nan_to_num(alpha, nan=0.0)
    colour = pixels[..., :-1]
    rgb = to_linear(colour if colour.shape[2] == 3 else np.repeat(colour, 3, axis=2), space)
    if premultiplied:
        rgb = np.where(alpha[..., None] > 0, rgb / np.maximum(alpha, _LEAST)[..., None], 0.0).astype(np.float32)
    return Rgba(rgb, alpha, header, linear_name(space))
