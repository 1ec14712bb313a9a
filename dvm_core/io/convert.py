"""Pixels from a plate's colour space into another one.

OpenColorIO gives every number; but asking it for each pixel of each frame costs more than reading the frame. So where a
conversion is a matrix, a curve for each channel, or one after the other (which it is for all but camera log files), it
is asked once: for the matrix, and for the curve at each value that 16 bits can hold.
"""

from __future__ import annotations

import functools
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from dvm_core.bridge.errors import UsageError
from dvm_core.io.colour import DISPLAY, LINEAR, ColourSpace, is_scene_linear, route
from dvm_core.io.image_file import oiio
from dvm_core.io.roll_off import roll_off

_BAND = 1 << 18
"""Pixels converted at a time, so that no second copy of an 8K frame is ever held."""
_LARGEST = np.float32(65504)
"""What infinity counts as: the largest half."""


def to_display(pixels: NDArray[Any], space: ColourSpace) -> NDArray[np.float32]:
    """What the network sees: sRGB-encoded Rec.709 with `roll_off`.

    Full floats are taken at the precision of half ones, which moves the result by less than 0.00025.

    Args:
        pixels: (H, W, 3) in `space`; uint8, uint16 (fractions of their largest value), float16 or float32.
        space: Where the pixels are.

    Returns:
        (H, W, 3) C-contiguous in [0, 1]; negative values and NaN are 0.

    Raises:
        UsageError: The colour configuration has no way to sRGB.
    """
    matrix, name = _matrix_to_linear(space)
    apart = _channels_apart(name, DISPLAY)
    out = np.empty(pixels.shape, np.float32)
    for band in _bands(pixels):
        values = pixels[band] if matrix is None else cv2.transform(_finite(pixels[band]), matrix)
        if not apart:
            out[band] = roll_off(_through_ocio(values, name, DISPLAY))
            continue
        if values.dtype == np.float32:
            values = _finite(values).clip(-_LARGEST, _LARGEST).astype(np.float16)
        _look_up(_table(name, DISPLAY, values.dtype.str), values, out[band])
    return out


def to_linear(pixels: NDArray[Any], space: ColourSpace) -> NDArray[np.float32]:
    """Scene-linear light for compositing maths: the file's own values if they are that, Rec.709 otherwise.

    Args:
        pixels: (H, W, 3) in `space`, as for `to_display`.
        space: Where the pixels are.

    Returns:
        (H, W, 3) C-contiguous, in the space `linear_name(space)`; NaN is 0 and infinity the largest half. May be
        `pixels` itself.

    Raises:
        UsageError: The colour configuration has no way to linear Rec.709.
    """
    target = linear_name(space)
    if space.matrix is None and space.name == target:
        return np.ascontiguousarray(_finite(pixels))
    by_table = pixels.dtype != np.float32 and _channels_apart(space.name, target)
    out = np.empty(pixels.shape, np.float32)
    for band in _bands(pixels):
        if space.matrix is not None:
            out[band] = cv2.transform(_finite(pixels[band]), np.array(space.matrix))
        elif by_table:
            _look_up(_table(space.name, target, pixels.dtype.str), pixels[band], out[band])
        else:
            out[band] = _through_ocio(pixels[band], space.name, target)
    return out


def linear_name(space: ColourSpace) -> str:
    """The scene-linear space that `to_linear` leads to."""
    return space.name if is_scene_linear(space.name) else LINEAR


@functools.lru_cache(maxsize=8)
def _matrix_to_linear(space: ColourSpace) -> tuple[NDArray[np.float64] | None, str]:
    """The matrix (3, 3) that leads from a linear space to linear Rec.709, and the space that its result is in."""
    if space.matrix is not None:
        return np.array(space.matrix), space.name
    if not is_scene_linear(space.name) or _channels_apart(space.name, DISPLAY):
        return None, space.name
    probes = np.concatenate([np.eye(3), _probes()]).astype(np.float32)
    converted = _through_ocio(probes[None], space.name, LINEAR)[0].astype(np.float64)
    matrix = converted[:3].T
    # A space may call itself linear and still carry an offset or a look; then every pixel goes through OpenColorIO.
    if not np.allclose(probes @ matrix.T, converted, rtol=1e-4, atol=1e-5):
        return None, space.name
    return matrix, LINEAR


@functools.lru_cache(maxsize=8)
def _table(source: str, target: str, dtype: str) -> NDArray[np.float32]:
    """The converted value for each that an 8- or 16-bit type can hold; to `DISPLAY` with the roll-off in it."""
    bits = np.dtype(dtype).itemsize * 8
    every = np.arange(1 << bits, dtype=f"uint{bits}").view(dtype)
    grey = np.broadcast_to(every[None, :, None], (1, every.size, 3))
    table = np.ascontiguousarray(_through_ocio(grey, source, target)[0, :, 0])
    return roll_off(table) if target == DISPLAY else table


def _look_up(table: NDArray[np.float32], values: NDArray[Any], out: NDArray[np.float32]) -> None:
    index = values if values.dtype.kind == "u" else values.view(np.uint16)
    # Any mode but `raise` lets NumPy write straight into `out`; the indices cannot be out of range.
    np.take(table, index, out=out, mode="clip")


@functools.cache
def _channels_apart(source: str, target: str) -> bool:
    """Whether each channel of the result hangs on the same channel alone, by one curve for all three."""
    mixed = _probes()
    converted = _through_ocio(mixed[None], source, target)
    greys = np.broadcast_to(mixed.reshape(1, -1, 1), (1, mixed.size, 3))
    alone = _through_ocio(greys, source, target).reshape(-1, 3, 3)
    return bool(np.allclose(alone, converted.reshape(-1, 3, 1), rtol=1e-4, atol=1e-5))


def _probes() -> NDArray[np.float32]:
    """Colours (64, 3) from below black to above white."""
    return np.random.default_rng(0).uniform(-0.5, 4.0, (64, 3)).astype(np.float32)


def _through_ocio(pixels: NDArray[Any], source: str, target: str) -> NDArray[np.float32]:
    """One band (h, w, 3), converted pixel by pixel."""
    buffer = oiio.ImageBuf(np.ascontiguousarray(_finite(pixels)))
    if source != target:
        for config, start, end in route(source, target):
            named = {"colorconfig": config} if config else {}
            if not oiio.ImageBufAlgo.colorconvert(buffer, buffer, start, end, unpremult=False, nthreads=1, **named):
                raise UsageError(f"OpenColorIO cannot convert from '{start}' to '{end}': {buffer.geterror()}.")
    # A log curve brings the largest half to infinity again.
    return _finite(buffer.get_pixels("float"))


def _finite(pixels: NDArray[Any]) -> NDArray[np.float32]:
    """The pixels as float32, with NaN as 0 and infinity as the largest half; a matrix would spread them."""
    if pixels.dtype.kind == "u":
        return np.asarray(pixels.astype(np.float32) / np.float32(np.iinfo(pixels.dtype).max))
    values: NDArray[np.float32] = pixels.astype(np.float32, copy=False)
    # NaN passes through min and max, so these two see everything.
    if values.size and not (np.isfinite(values.max()) and np.isfinite(values.min())):
        return np.nan_to_num(values, nan=0.0, posinf=_LARGEST, neginf=-_LARGEST)
    return values


def _bands(pixels: NDArray[Any]) -> list[slice]:
    rows = max(1, _BAND // max(1, pixels.shape[1]))
    return [slice(top, top + rows) for top in range(0, pixels.shape[0], rows)]
