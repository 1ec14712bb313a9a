"""A matte over new backgrounds, mixed in linear light as a compositing application does."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from dvm_core.io.colour import LINEAR, ColourSpace, requested_space
from dvm_core.io.convert import to_display

GREY = (0.18, 0.18, 0.18)
"""Scene-linear middle grey, on which dark and bright fringes show alike."""
SATURATED = (0.005, 0.09, 0.62)
"""A strong scene-linear blue, on which leftover background colour shows."""


def over(
    foreground: NDArray[np.float32], alpha: NDArray[np.float32], background: NDArray[np.float32] | tuple[float, ...]
) -> NDArray[np.float32]:
    """The comp a F + (1 - a) B.

    Args:
        foreground: (H, W, 3) scene-linear straight colour.
        alpha: (H, W) in [0, 1].
        background: (H, W, 3), or one colour, in the foreground's space.

    Returns:
        (H, W, 3) scene-linear.
    """
    amount = np.asarray(alpha, dtype=np.float32)[..., None]
    comp: NDArray[np.float32] = amount * foreground + (1 - amount) * np.asarray(background, dtype=np.float32)
    return comp


def display_bytes(linear: NDArray[np.float32], space: ColourSpace | None = None) -> NDArray[np.uint8]:
    """Scene-linear light as an sRGB display shows it, highlights rolled off as the network sees them.

    Args:
        linear: (H, W, 3).
        space: Its colour space; by default linear Rec.709.

    Returns:
        (H, W, 3) uint8.
    """
    return unit_bytes(to_display(linear, space or _linear()))


def unit_bytes(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Values in [0, 1] as bytes, rounded; beyond clipped, NaN as 0."""
    scaled: NDArray[np.uint8] = np.rint(255 * np.clip(np.nan_to_num(values), 0, 1)).astype(np.uint8)
    return scaled


@functools.cache
def _linear() -> ColourSpace:
    return requested_space(LINEAR)
