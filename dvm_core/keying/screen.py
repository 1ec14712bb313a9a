"""The card behind the foreground: its colour over a clip, and its light at every pixel of a frame."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from dvm_core.bridge.errors import InputError
from dvm_core.keying.evidence import FAINTER, Image, Mask, blur, gather

PRIMARIES = {"green": 1, "blue": 2}
"""Kinds of screens, and the channel that each shines in."""

_SATURATED = 0.3  # of its primary, a screen's excess is at least so much
_LIT = 0.2  # of the brightest, a sampled pixel is at least so bright
_SAMPLED_PIXELS = 1 << 16  # of a frame
_LEAST_SCREEN = 0.005  # of the sampled pixels, a screen fills at least so much
_CHROMA_SPREAD = 0.06  # difference of r, g, b as parts of their sum, from the most frequent one
_FIT_COLUMNS, _DEGREE, _ROUNDS = 160, 3, 12
_TOLERANCES = (0.15, 0.08, 0.05)  # of the card's light: what still counts as card, round by round
_REACH = 0.015  # of the width: how near the fit is mended by what is seen
_FIT_WEIGHT = 0.1 * FAINTER**2


class Screen(NamedTuple):
    """A clip's screen.

    Attributes:
        primary: Channel that it shines in, 1 or 2.
        colour: (3,) scene-linear, the clip's typical one.
    """

    primary: int
    colour: Image


def excess(light: Image, primary: int) -> Image:
    """What the primary has above the stronger of the other two channels; (..., 3) to (...)."""
    others = [channel for channel in range(3) if channel != primary]
    return np.asarray(light[..., primary] - light[..., others].max(axis=-1))


def find_screen(plates: Iterable[Image], primary: int | None = None) -> Screen:
    """The screen's colour over a clip: the most frequent saturated green or blue.

    Args:
        plates: Some frames of the clip, each (H, W, 3) scene-linear; as for `clean_plate`, garbage may be NaN.
        primary: Channel of the screen, 1 or 2; None for whichever there is more of.

    Raises:
        InputError: Hardly a pixel is green or blue.
    """
    samples = np.concatenate([_sample(plate) for plate in plates])
    found = [_saturated(samples, channel) for channel in (PRIMARIES.values() if primary is None else (primary,))]
    channel, colours = max(found, key=lambda entry: len(entry[1]))
    if len(colours) < max(8, _LEAST_SCREEN * len(samples)):
        raise InputError(
            "Expected a green or blue screen behind the foreground, found hardly a pixel of such a colour; check the "
            "plate's colour space (--colorspace), or name the screen's colour with --screen-colour."
        )
    chroma = colours / colours.sum(axis=1, keepdims=True)
    centre = np.median(chroma, axis=0)
    for _ in range(5):
        distance = np.abs(chroma - centre).sum(axis=1)
        centre = np.median(chroma[distance <= np.median(distance)], axis=0)
    card = colours[np.abs(chroma - centre).sum(axis=1) < _CHROMA_SPREAD]
    return Screen(channel, np.median(card if len(card) else colours, axis=0).astype(np.float32))


def clean_plate(plate: Image, screen: Screen, ignored: Mask | None = None) -> tuple[Image, Mask]:
    """The card's light at every pixel, also where the foreground hides it.

    A smooth surface is fitted to what is surely card and then bent to it locally, so that folds and falling light are
    followed where they are seen, and nothing wild happens where they are not.

    Args:
        plate: (H, W, 3) scene-linear, finite.
        screen: The clip's.
        ignored: (H, W), pixels that say nothing of the card: garbage and sure foreground.

    Returns:
        (H, W, 3) scene-linear light, and (H, W) where the card is seen surely.
    """
    free = np.ones(plate.shape[:2], np.bool_) if ignored is None else ~ignored
    fitted = _surface(plate, free, screen)
    smooth, light = blur(plate, 1.5), fitted
    seen = np.zeros(plate.shape[:2], np.bool_)
    for tolerance in _TOLERANCES:
        level = excess(light, screen.primary)
        seen = np.abs(smooth - light).max(axis=-1) < 2 * tolerance * light[..., screen.primary]
        seen &= np.abs(excess(smooth, screen.primary) - level) < tolerance * level
        seen = cv2.erode((seen & free).astype(np.uint8), np.ones((7, 7), np.uint8)).astype(np.bool_)
        departure, weight = gather(plate / fitted - 1.0, seen, _REACH * plate.shape[1], octaves=3)
        light = np.asarray(fitted * (1.0 + departure / (weight + _FIT_WEIGHT)[..., None]), np.float32)
    return np.maximum(light, 1e-6), seen


def _sample(plate: Image) -> Image:
    pixels = plate.reshape(-1, 3)
    pixels = pixels[:: max(1, len(pixels) // _SAMPLED_PIXELS)]
    return pixels[np.isfinite(pixels).all(axis=1)]


def _saturated(samples: Image, primary: int) -> tuple[int, Image]:
    """Pixels that may be a screen of this primary."""
    if not len(samples):
        return primary, samples
    level = samples[:, primary]
    bright = level > max(1e-4, _LIT * float(np.percentile(level, 99)))
    return primary, samples[bright & (excess(samples, primary) > _SATURATED * level)].clip(min=0.0)


def _surface(plate: Image, free: Mask, screen: Screen) -> Image:
    """A cubic surface through the logarithm of the card's brightness, by iterated least squares.

    What stands before the card takes light and colour from it, so pixels that are darker or of another hue lose weight
    round by round.
    """
    height, width = free.shape
    small = max(1, round(width / _FIT_COLUMNS))
    size = (-(-width // small), -(-height // small))
    reduced = cv2.resize(plate, size, interpolation=cv2.INTER_AREA)
    level = np.maximum(reduced[..., screen.primary], 1e-6 * screen.colour[screen.primary])
    hue = screen.colour / screen.colour[screen.primary]
    stray = np.abs(reduced / level[..., None] - hue).sum(axis=-1).ravel()
    bright = np.log(level / screen.colour[screen.primary]).ravel().astype(np.float64)
    usable = (cv2.resize(free.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.99).ravel()
    usable &= (bright > np.log(0.25)) & (stray < 0.25)
    basis = _polynomials(size)
    ridge = 1e-9 + 3e-6 * (np.arange(basis.shape[1]) > 0)
    weight, tolerance, fit = usable.astype(np.float64), 0.3, np.zeros(len(bright))
    for _ in range(_ROUNDS if usable.any() else 0):
        weighted = weight[:, None] * basis
        normal = basis.T @ weighted + np.diag(ridge * max(weight.sum(), 1e-9))
        fit = basis @ np.linalg.solve(normal, weighted.T @ bright)
        off = bright - fit
        tolerance = max(0.04, 0.8 * tolerance)
        weight = usable * np.exp(-0.5 * (off / tolerance) ** 2 - 0.5 * (stray / (1.5 * tolerance)) ** 2)
        weight *= np.where(off < 0, 0.6, 1.0)
    gain = np.exp(fit.clip(-2.0, 2.0)).reshape(size[::-1]).astype(np.float32)
    return np.asarray(cv2.resize(gain, (width, height))[..., None] * screen.colour, np.float32)


def _polynomials(size: tuple[int, int]) -> NDArray[np.float64]:
    """The monomials of the surface over a picture of (width, height): (pixels, terms)."""
    x, y = np.meshgrid(np.linspace(-1, 1, size[0]), np.linspace(-1, 1, size[1]))
    terms = [x**i * y**j for i in range(_DEGREE + 1) for j in range(_DEGREE + 1 - i)]
    return np.stack(terms, axis=-1).reshape(-1, len(terms))
