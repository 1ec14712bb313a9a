"""The foreground's own colour: the card is subtracted from mixed pixels, and its light is taken off the foreground."""

from __future__ import annotations

import cv2
import numpy as np

from dvm_core.foreground import estimate
from dvm_core.keying.evidence import Image, blur
from dvm_core.keying.screen import Screen, excess

_TRUST = 0.02
"""Weight of the smooth estimate against the compositing equation, which says nothing where alpha is 0."""

_REACH, _NEIGHBOURHOOD = 0.04, 0.03  # of the width
_ROUNDS = 10
_STRONGEST = 1.0
_OUTLIER = 0.05


def unmix(plate: Image, card: Image, alpha: Image) -> Image:
    """Solve I = a F + (1 - a) B for F, steadied by the smooth estimate of `dvm_core.foreground`.

    Args:
        plate: (H, W, 3) scene-linear.
        card: (H, W, 3), B.
        alpha: (H, W) in [0, 1].

    Returns:
        (H, W, 3) straight scene-linear colour, still with the card's light on it.
    """
    smooth = estimate(plate, alpha)
    a = alpha[..., None]
    colour = (a * (plate - (1.0 - a) * card) + _TRUST * smooth) / (a * a + _TRUST)
    return np.asarray(np.where(a == 1.0, plate, np.maximum(colour, np.minimum(plate, 0.0))), np.float32)


def spill_strength(colour: Image, alpha: Image, screen: Screen) -> float:
    """How much of the card's light lies on the foreground's outermost edge, as a part of the light proper.

    Within a neighbourhood one material is the rule: so what its hue leans towards the card, the nearer the card is, is
    the card's light. This is the slope of the one over the other, by robust regression.

    Args:
        colour: (H, W, 3) straight scene-linear colour.
        alpha: (H, W).
        screen: The clip's.

    Returns:
        0 (none) to 1.
    """
    width = alpha.shape[1]
    usable = ((alpha > 0.9) & (colour.min(axis=-1) > 0.01 * screen.colour[screen.primary])).astype(np.uint8)
    weight = cv2.erode(usable, np.ones((3, 3), np.uint8)).astype(np.float32)
    if not weight.any():
        return 0.0
    logs = np.log(np.maximum(blur(colour, 1.5), 1e-3 * screen.colour[screen.primary]))
    lean = 1.5 * (logs[..., screen.primary] - logs.mean(axis=-1))
    sigma = _NEIGHBOURHOOD * width
    around = blur(weight, sigma) + 1e-6
    near, lean = (
        values - blur(np.asarray(values * weight, np.float32), sigma) / around for values in (_nearness(alpha), lean)
    )
    slope, trust = 0.0, weight
    for _ in range(_ROUNDS):
        slope = float((trust * near * lean).sum() / max(float((trust * near * near).sum()), 1e-9))
        trust = weight / (1.0 + ((lean - slope * near) / _OUTLIER) ** 2)
    return float(np.clip(slope, 0.0, _STRONGEST))


def despill(colour: Image, alpha: Image, screen: Screen, strength: float, amount: float = 1.0) -> Image:
    """Take the card's light off the foreground, and then what is still more of the primary than of the others.

    Args:
        colour: (H, W, 3) straight scene-linear colour.
        alpha: (H, W).
        screen: The clip's.
        strength: Of `spill_strength`.
        amount: 0 leaves the colour as it is, 1 takes all of it off.

    Returns:
        (H, W, 3).
    """
    tint = screen.colour / screen.colour[screen.primary]
    clean = colour / (1.0 + strength * _nearness(alpha)[..., None] * tint)
    clean[..., screen.primary] -= np.maximum(excess(clean, screen.primary), 0.0)
    return np.asarray(colour + np.float32(amount) * (clean - colour), np.float32)


def _nearness(alpha: Image) -> Image:
    """How much of the card is seen around a pixel, in [0, 1]."""
    return blur(1.0 - alpha, _REACH * alpha.shape[1])
