"""The foreground's own colour along a soft edge, freed from the background that the plate mixed in.

After Germer et al., *Fast Multi-Level Foreground Estimation* (ICPR 2020), as pymatting implements it. That code
takes colours in [0, 1] and clamps its result to them; plates are scene-linear, with highlights far above 1 and,
in a wide gamut, values below 0. The compositing equation I = a F + (1 - a) B keeps its form under any scale and offset
of the colours, so they are brought into [0, 1] before and taken back after.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dvm_core.bridge.errors import InputError
from dvm_core.model.classical import pymatting
from dvm_core.ops.cupy_arrays import cupy, is_cupy

LARGEST_HALF = 65504.0

_one_at_a_time = threading.Lock()
"""Pymatting resizes in parallel, and numba's plainest pool of threads ends the process if two threads call it."""


def solver(device: str) -> str:
    """What estimates on a device, `cpu` or `cuda`: `pymatting`, or `pymatting-cupy` on a GPU where CuPy is there."""
    return "pymatting-cupy" if device == "cuda" and cupy() is not None else "pymatting"


def estimate_by(name: str, plate: NDArray[np.float32], alpha: NDArray[np.float32]) -> NDArray[np.float32]:
    """`estimate` of NumPy arrays by the solver of this name."""
    package = cupy()
    if name != "pymatting-cupy" or package is None:
        return estimate(plate, alpha)
    foreground: NDArray[np.float32] = package.asnumpy(estimate(package.asarray(plate), package.asarray(alpha)))
    return foreground


def estimate(plate: NDArray[np.float32], alpha: NDArray[np.float32]) -> NDArray[np.float32]:
    """Estimate the straight (unpremultiplied) foreground colour of every pixel.

    Where alpha is 1 the plate's colour is kept bit for bit. Where it is 0 the colour is the smooth continuation of the
    nearby foreground, so that a blurred or filtered alpha finds no fringe there; a frame without any foreground is
    black.

    Args:
        plate: (H, W, 3) scene-linear colour, any range; NaN and -Inf count as 0, Inf as half's largest value. CuPy's
            arrays, both of them, are computed on their GPU, and give one of CuPy's.
        alpha: (H, W) in [0, 1].

    Returns:
        (H, W, 3) float32 straight colour in the plate's space, finite everywhere.

    Raises:
        InputError: if the sizes differ, or alpha holds NaN or values outside [0, 1].
    """
    if plate.ndim != 3 or plate.shape[2] != 3 or plate.shape[:2] != alpha.shape:
        raise InputError(
            f"Foreground colour needs a plate (H, W, 3) and an alpha (H, W) of one size, found {plate.shape} and "
            f"{alpha.shape}."
        )
    if alpha.size and not (alpha.min() >= 0 and alpha.max() <= 1):
        raise InputError("Foreground colour needs an alpha in [0, 1]; it holds NaN or values outside.")
    colour = np.nan_to_num(plate, nan=0.0, posinf=LARGEST_HALF, neginf=0.0).astype(np.float32, copy=False)
    if not np.any(alpha > 0):
        return np.zeros_like(colour)
    # One pixel alone is the one size that pymatting's pyramid cannot start from; it has no neighbours to unmix it with.
    if np.all(alpha == 1) or alpha.size == 1:
        return colour
    lowest = min(0.0, float(colour.min()))
    span = max(1.0, float(colour.max())) - lowest
    unmixed = _unmix(((colour - lowest) / span).astype(np.float32), alpha.astype(np.float32))
    foreground: NDArray[np.float32] = (unmixed * span + lowest).astype(np.float32)
    kept: NDArray[np.float32] = np.where((alpha == 1)[..., None], colour, foreground)
    return kept


def _unmix(colour: NDArray[np.float32], alpha: NDArray[np.float32]) -> NDArray[np.float32]:
    if is_cupy(colour):
        return _unmix_on_gpu(colour, alpha)  # type: ignore[no-any-return]
    package = pymatting()
    with _one_at_a_time:
        foreground: NDArray[np.float32] = package.estimate_foreground_ml(colour, alpha)
    return foreground


def _unmix_on_gpu(colour: Any, alpha: Any) -> Any:
    pymatting()  # minds torch's threads
    from pymatting.foreground.estimate_foreground_ml_cupy import estimate_foreground_ml_cupy

    return estimate_foreground_ml_cupy(colour, alpha, to_numpy=False)
