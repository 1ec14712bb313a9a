"""The curve that brings highlights above 1 into what a network trained on ordinary pictures knows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

KNEE = 0.95
"""Encoded value up to which nothing changes (0.89 in linear light)."""


def roll_off(encoded: NDArray[np.float32]) -> NDArray[np.float32]:
    """Map sRGB-encoded values [0, inf] into [0, 1]: the identity up to `KNEE`, a hyperbola above.

        f(x) = x                                   for 0 <= x <= k,   k = KNEE
        f(x) = 1 - (1 - k)^2 / (x + 1 - 2 k)       for x > k

    Value and slope meet at the knee, f rises everywhere and reaches 1 at infinity, so a bright sky keeps its shape
    instead of being clipped flat; white (1.0) becomes 0.975, four times white in linear light 0.997.

    Args:
        encoded: Values of any shape; negative ones and NaN become 0, infinity 1. Left unchanged.

    Returns:
        Array of the same shape, float32.
    """
    # fmax, unlike maximum, takes the other value where one is NaN.
    out: NDArray[np.float32] = np.fmax(encoded, np.float32(0), dtype=np.float32)
    if out.size and out.max() > KNEE:
        above = out > KNEE
        out[above] = 1 - (1 - KNEE) ** 2 / (out[above] + np.float32(1 - 2 * KNEE))
    return out
