"""The kinds of array that a session takes, and gives back: NumPy, torch, CuPy."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from dvm_core.bridge.errors import InputError
from dvm_core.io.trimap_file import trimap_of

Restore = Callable[[NDArray[np.float32]], Any]


def to_numpy(array: Any) -> NDArray[Any]:
    """Any array as NumPy's, without a copy where it lies in this process's memory.

    Raises:
        InputError: If it is no array.
    """
    if isinstance(array, torch.Tensor):
        return np.asarray(array.detach().cpu().numpy())
    if hasattr(array, "__cuda_array_interface__"):
        return np.asarray(torch.as_tensor(array).cpu().numpy())
    if hasattr(array, "__array__") or hasattr(array, "__dlpack__"):
        return np.asarray(array) if hasattr(array, "__array__") else np.from_dlpack(array)
    raise InputError(f"A plate or trimap must be a NumPy, torch or CuPy array, not {type(array).__name__}.")


def restorer(array: Any) -> Restore:
    """A function that turns a NumPy alpha into the kind of array that `array` is, on the same device."""
    if isinstance(array, torch.Tensor):
        device = array.device
        return lambda alpha: torch.from_numpy(alpha).to(device)
    module = sys.modules[type(array).__module__.partition(".")[0]]
    if hasattr(array, "__cuda_array_interface__"):
        return lambda alpha: module.asarray(alpha)
    if not isinstance(array, np.ndarray) and hasattr(module, "from_dlpack"):
        return lambda alpha: module.from_dlpack(alpha)
    return lambda alpha: alpha


def plate_pixels(array: Any) -> NDArray[np.float32]:
    """A plate as the networks take it.

    Args:
        array: (H, W, 3), floating point, display-referred in [0, 1]; NaN counts as 0, values beyond are cut.

    Returns:
        (H, W, 3) float32, C-contiguous.

    Raises:
        InputError: For another shape or an integer type.
    """
    pixels = to_numpy(array)
    if pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape:
        raise InputError(f"A plate must have the shape (height, width, 3), not {tuple(pixels.shape)}.")
    if not np.issubdtype(pixels.dtype, np.floating):
        raise InputError(f"A plate must hold floats in [0, 1], not {pixels.dtype}; divide by its largest value first.")
    pixels = np.ascontiguousarray(pixels, dtype=np.float32)
    # Checking costs a third of copying, and what the readers give is clean.
    if not (pixels.min() >= 0.0 and pixels.max() <= 1.0):
        pixels = np.clip(np.nan_to_num(pixels, nan=0.0, posinf=1.0, neginf=0.0), 0.0, 1.0)
    return pixels


def trimap_pixels(array: Any, size: tuple[int, int]) -> NDArray[np.uint8]:
    """A trimap as exactly 0, 128 and 255.

    Args:
        array: (H, W); floats in [0, 1], or bytes in 0..255; within 0.05 of 0 or 1 is known.
        size: Height and width of the plate.

    Raises:
        InputError: For another shape or type, or a NaN.
    """
    values = to_numpy(array)
    if values.shape != size:
        raise InputError(f"The trimap must be of the plate's size {size}, not {tuple(values.shape)}.")
    if values.dtype == np.uint8:
        values = values.astype(np.float32) / 255.0
    if not np.issubdtype(values.dtype, np.floating) or np.isnan(values).any():
        raise InputError(f"A trimap must hold bytes or floats in [0, 1] without NaN; this one holds {values.dtype}.")
    return trimap_of(np.asarray(values, dtype=np.float32))
