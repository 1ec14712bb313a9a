"""Pixels from a plate's colour space into another one, through OpenColorIO."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dvm_core.bridge.errors import UsageError
from dvm_core.io.colour import DISPLAY, LINEAR, ColourSpace, is_scene_linear, route
from dvm_core.io.image_file import oiio
from dvm_core.io.roll_off import roll_off

_BAND = 1 << 19
"""Pixels converted at a time: small enough to stay near the processor, large enough for OpenColorIO's set-up."""
_LARGEST = np.float32(65504)
"""What infinity counts as: the largest half."""


def to_display(pixels: NDArray[Any], space: ColourSpace) -> NDArray[np.float32]:
    """What the network sees: sRGB-encoded Rec.709 with `roll_off`.

    Args:
        pixels: (H, W, 3) in `space`; uint8 and uint16 count as fractions of their largest value.
        space: Where the pixels are.

    Returns:
        (H, W, 3) C-contiguous in [0, 1]; negative values and NaN are 0.
    """
    return _convert(pixels, space, DISPLAY, True)


def to_linear(pixels: NDArray[Any], space: ColourSpace) -> NDArray[np.float32]:
    """Scene-linear light for compositing maths: the file's own values if they are that, Rec.709 otherwise.

    Args:
        pixels: (H, W, 3) in `space`, as for `to_display`.
        space: Where the pixels are.

    Returns:
        (H, W, 3) C-contiguous, in the space `linear_name(space)`; NaN is 0 and infinity the largest half.
    """
    return _convert(pixels, space, linear_name(space), False)


def linear_name(space: ColourSpace) -> str:
    """The scene-linear space that `to_linear` leads to."""
    return space.name if is_scene_linear(space.name) else LINEAR


def _convert(pixels: NDArray[Any], space: ColourSpace, target: str, rolled: bool) -> NDArray[np.float32]:
    table = None if pixels.dtype == np.float32 else _table(space, target, rolled, pixels.dtype.str)
    out = np.empty(pixels.shape, np.float32)
    rows = max(1, _BAND // max(1, pixels.shape[1]))
    for top in range(0, pixels.shape[0], rows):
        band = slice(top, top + rows)
        if table is None:
            out[band] = _through_ocio(_as_float(pixels[band]), space, target, rolled)
        else:
            # Any mode but `raise` lets NumPy write straight into `out`; the indices cannot be out of range.
            np.take(table, _as_index(pixels[band]), out=out[band], mode="clip")
    return out


@functools.lru_cache(maxsize=8)
def _table(space: ColourSpace, target: str, rolled: bool, dtype: str) -> NDArray[np.float32] | None:
    """OpenColorIO's answer for each value that a 8- or 16-bit type can hold; None if it mixes the channels.

    Encoding curves act on each channel alone, so the usual half-float EXR costs a look-up instead of a conversion.
    """
    if space.matrix is not None or not _channels_apart(space, target):
        return None
    bits = np.dtype(dtype).itemsize * 8
    every = np.arange(1 << bits, dtype=f"uint{bits}").view(dtype)
    grey = np.broadcast_to(_as_float(every)[None, :, None], (1, every.size, 3))
    table = np.ascontiguousarray(_through_ocio(grey, space, target, rolled)[0, :, 0])
    table.flags.writeable = False
    return table


def _channels_apart(space: ColourSpace, target: str) -> bool:
    """Whether each channel of the result hangs on the same channel alone, by one curve for all three."""
    if space.name == target:
        return True
    mixed = np.random.default_rng(0).uniform(-0.5, 4.0, (1, 64, 3)).astype(np.float32)
    converted = _through_ocio(mixed, space, target, False)
    greys = np.broadcast_to(mixed.reshape(1, -1, 1), (1, mixed.size, 3))
    alone = _through_ocio(greys, space, target, False).reshape(64, 3, 3)
    return bool(np.allclose(alone, converted.reshape(64, 3, 1), rtol=1e-4, atol=1e-5))


def _through_ocio(pixels: NDArray[Any], space: ColourSpace, target: str, rolled: bool) -> NDArray[np.float32]:
    """One band (h, w, 3) of float32 pixels."""
    algorithms, buffer = oiio.ImageBufAlgo, oiio.ImageBuf(_finite(pixels))
    if space.matrix is not None:
        _check(algorithms.colormatrixtransform(buffer, buffer, space.matrix, unpremult=False, nthreads=1), buffer)
    if space.name != target:
        for config, source, destination in route(space.name, target):
            options = {"colorconfig": config} if config else {}
            _check(algorithms.colorconvert(buffer, buffer, source, destination, False, nthreads=1, **options), buffer)
    converted: NDArray[np.float32] = buffer.get_pixels("float")
    return roll_off(converted) if rolled else converted


def _check(done: bool, buffer: Any) -> None:
    if not done:
        raise UsageError(f"OpenColorIO cannot convert the plate: {buffer.geterror()}.")


def _finite(pixels: NDArray[Any]) -> NDArray[np.float32]:
    """The pixels, contiguous, with NaN as 0 and infinity as the largest half; a matrix would spread them."""
    if pixels.size and not (np.isfinite(pixels.max()) and np.isfinite(pixels.min())):
        pixels = np.nan_to_num(pixels, nan=0.0, posinf=_LARGEST, neginf=-_LARGEST)
    return np.ascontiguousarray(pixels, np.float32)


def _as_float(pixels: NDArray[Any]) -> NDArray[np.float32]:
    if pixels.dtype.kind == "u":
        fractions: NDArray[np.float32] = np.divide(pixels, np.iinfo(pixels.dtype).max, dtype=np.float32)
        return fractions
    return pixels.astype(np.float32, copy=False)


def _as_index(pixels: NDArray[Any]) -> NDArray[Any]:
    return pixels if pixels.dtype.kind == "u" else pixels.view(np.uint16)
