"""Every kind of procedural foreground in one table, with its share of the training data."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dvm_core.training import forms, strands, volumes
from dvm_core.training.camera import over
from dvm_core.training.noise import Array, Rng, blur, disc_blur

Generator = Callable[[Rng, int], tuple[Array, Array]]

KINDS: dict[str, tuple[float, Generator]] = {
    "hair": (0.22, strands.hair),
    "wisps": (0.13, strands.wisps),
    "fur": (0.19, strands.fur),
    "curls": (0.09, strands.curls),
    "grass": (0.03, strands.grass),
    "solids": (0.07, forms.solids),
    "soft_solids": (0.1, forms.soft_solids),
    "ragged": (0.03, forms.ragged),
    "foliage": (0.05, forms.foliage),
    "net": (0.02, forms.net),
    "smoke": (0.04, volumes.smoke),
    "veil": (0.02, volumes.veil),
    "glass": (0.01, volumes.glass),
}
"""Name: share of the foregrounds, generator."""


def foreground(rng: Rng, size: int) -> tuple[Array, Array]:
    """A foreground of a random kind; a tenth of them have a second one in front, a tenth stand out of focus.

    Args:
        rng: Source of randomness.
        size: Height and width in pixels.

    Returns:
        Straight display colour (size, size, 3) and alpha (size, size), float32 in [0, 1]. Colour is filled in where
        alpha is 0, so that it may be resampled.
    """
    rgb, alpha = _one(rng, size)
    if rng.random() < 0.1:
        rgb, alpha = over(_one(rng, size), (rgb, alpha))
    premultiplied = np.dstack([rgb * alpha[..., None], alpha])
    if rng.random() < 0.35:
        premultiplied = blur(premultiplied, rng.uniform(0.3, 1.0))  # no lens is as sharp as a drawn edge
    if rng.random() < 0.1:
        premultiplied = disc_blur(premultiplied, rng.uniform(0.7, 5.0))
    alpha = np.clip(premultiplied[..., 3], 0.0, 1.0)
    return _spread_colour(premultiplied), np.ascontiguousarray(alpha)


def _one(rng: Rng, size: int) -> tuple[Array, Array]:
    names = list(KINDS)
    shares = np.array([KINDS[name][0] for name in names])
    return KINDS[names[int(rng.choice(len(names), p=shares / shares.sum()))]][1](rng, size)


def _spread_colour(premultiplied: Array) -> Array:
    """Straight colour, continued beyond the alpha by ever wider means, so that no pixel's colour is undefined."""
    total = premultiplied + 1e-7
    reach = 1.0
    for _ in range(5):
        weight = np.float32(1e-3) ** reach
        total = total + weight * disc_blur(premultiplied, 1.5 * 2**reach)
        reach += 1.0
    return np.clip(total[..., :3] / total[..., 3:], 0.0, 1.0).astype(np.float32)
