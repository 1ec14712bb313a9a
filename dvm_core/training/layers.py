"""Pictures of the library made into the layers of a take: cropped, scaled, turned, recoloured, thinned, paired."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from dvm_core.training.camera import bytes_to_linear, over
from dvm_core.training.library import Library
from dvm_core.training.noise import Array, Rng, smoothstep, uniform_noise
from dvm_core.training.variety import Variety

_WITH_CORE = 0.92  # share of takes that are to have a solid core, as most objects have
_CORE = 0.1  # of the picture's area, at least
_TRIES = 6
_OCTAVES = (-0.25, 1.0)  # by how much a picture is reduced
_EVEN, _SPARSE = 0.35, 0.3  # shares of thinned foregrounds: light comes through all over, or where strands are mixed
_SPARSE_POWERS = (1.2, 3.0)  # of the alpha of sparse strands
_SOFT_THIN = 0.5  # share of the soft ones before others that are thinned

Chooser = Callable[[NDArray[np.uint8], Rng, int], tuple[int, int]]
"""Picture, randomness and side of the crop, to the crop's first row and column."""


def background(library: Library, rng: Rng, size: int, variety: Variety) -> Array:
    """A crop of a background, at any scale down to a half, turned and recoloured.

    Args:
        library: Pictures to choose from.
        rng: Source of randomness.
        size: Height and width in pixels.
        variety: How far to stray from the picture.

    Returns:
        (size, size, 3) float32, linear.
    """
    picture = library.backgrounds[rng.integers(len(library.backgrounds))]
    crop = _crop(picture, rng, size, _anywhere)
    return _regrade(bytes_to_linear(crop), rng, variety)


def foreground(library: Library, rng: Rng, size: int, back: Array, variety: Variety) -> tuple[Array, Array]:
    """A foreground, now and then with a soft one before it.

    Args:
        library: Pictures to choose from.
        rng: Source of randomness.
        size: Height and width in pixels.
        back: (size, size, 3), the background that it will stand before.
        variety: How far to stray from the picture.

    Returns:
        Straight linear colour (size, size, 3) in [0, 1.5] and alpha (size, size) in [0, 1], float32.
    """
    rgb, alpha = _one(library, rng, size, back, variety)
    if rng.random() < variety.paired:
        rgb, alpha = over(_soft(library, rng, size, variety), (rgb, alpha))
    return rgb, alpha


def _soft(library: Library, rng: Rng, size: int, variety: Variety) -> tuple[Array, Array]:
    """The softest of a few foregrounds: smoke from a chimney, a veil over hair, of other colours than what is solid."""
    crops = [_any(library, rng, size) for _ in range(_TRIES)]
    crop = max(crops, key=lambda crop: float(((crop[..., 3] > 12) & (crop[..., 3] < 243)).mean()))
    alpha = _alpha(crop, rng, _SOFT_THIN)
    return np.clip(_regrade(bytes_to_linear(crop[..., :3]), rng, variety), 0.0, 1.5), alpha


def _one(library: Library, rng: Rng, size: int, back: Array, variety: Variety) -> tuple[Array, Array]:
    """A crop of a foreground around a mixed pixel, recoloured."""
    crop = _any(library, rng, size)
    for _ in range(_TRIES if rng.random() < _WITH_CORE else 0):
        if (crop[..., 3] == 255).mean() > _CORE:
            break
        crop = _any(library, rng, size)
    alpha = _alpha(crop, rng, variety.thin)
    rgb = bytes_to_linear(crop[..., :3])
    dress = rng.random()
    if dress < variety.dressed:
        cloth = background(library, rng, size, variety)
        cloth = _patches(cloth, rng) if dress < variety.patched else _fade(cloth, rng)
        shading = rgb.mean(axis=2, keepdims=True)
        rgb = cloth * np.clip(shading / (shading.mean() + 0.05), 0.3, 2.0)
    rgb = _regrade(rgb, rng, variety)
    if rng.random() < variety.rimmed:
        rgb = _rimmed(rgb, alpha, rng)
    if rng.random() < variety.alike:
        # Similar colours on both sides, the hard case: pull the foreground's mean to the background's.
        rgb = rgb * ((back.mean(axis=(0, 1)) + 0.02) / (rgb.mean(axis=(0, 1)) + 0.02)) * rng.uniform(0.7, 1.4)
    return np.clip(rgb, 0.0, 1.5).astype(np.float32), alpha


def _any(library: Library, rng: Rng, size: int) -> NDArray[np.uint8]:
    """A crop of some foreground around a mixed pixel, (size, size, 4)."""
    return _crop(library.foregrounds[rng.integers(len(library.foregrounds))], rng, size, _mixed_pixel)


def _alpha(crop: NDArray[np.uint8], rng: Rng, thin: float) -> Array:
    """A crop's alpha in [0, 1]; a share of `thin` of them let light through."""
    alpha = crop[..., 3].astype(np.float32) / 255.0
    return _thinned(alpha, rng) if rng.random() < thin else alpha


def _rimmed(rgb: Array, alpha: Array, rng: Rng) -> Array:
    """Another light or colour on what stands off the solid core: hair against the sun, a head under its hair.

    What is known of a foreground is its core; so its colour must not tell too surely what colour its edge has.
    """
    core = (alpha > 0.98).astype(np.float32)
    beyond = 1.0 - cv2.GaussianBlur(core, (0, 0), alpha.shape[0] * rng.uniform(0.01, 0.08))
    tint = (rng.normal(0, 0.4) + rng.normal(0, 0.3, 3)).astype(np.float32)
    return np.asarray(rgb * np.exp(beyond[..., None] * tint), dtype=np.float32)


def _thinned(alpha: Array, rng: Rng) -> Array:
    """Let light through as gauze, smoke and turning blades do, all over or in places, or as hair does that is finer."""
    manner = rng.random()
    if manner < _EVEN:
        return np.asarray(alpha * np.float32(rng.uniform(0.08, 0.95)))
    if manner < _EVEN + _SPARSE:
        # Fewer or finer strands at the same places: what is solid stays so, what was mixed covers less.
        return np.asarray(alpha ** np.float32(rng.uniform(*_SPARSE_POWERS)))
    field = uniform_noise(rng, alpha.shape[0], rng.uniform(1.2, 2.2))
    low, middle = rng.uniform(0.05, 0.7), rng.uniform(0.3, 0.7)
    return np.asarray(alpha * (low + (1.0 - low) * smoothstep(middle - 0.2, middle + 0.2, field)), dtype=np.float32)


def _fade(cloth: Array, rng: Rng) -> Array:
    """A texture with less contrast, as most cloth and fur has."""
    return np.asarray(cloth + np.float32(rng.uniform(0.0, 0.9)) * (cloth.mean(axis=(0, 1)) - cloth))


def _patches(cloth: Array, rng: Rng) -> Array:
    """A few wide areas of colour, as of a coat that is black and white, or a dress, skin and hair."""
    cells = int(rng.integers(2, 8))
    few = cv2.resize(cloth, (cells, cells), interpolation=cv2.INTER_NEAREST)
    edge = cv2.INTER_LINEAR if rng.random() < 0.6 else cv2.INTER_CUBIC
    smooth = cv2.resize(few, cloth.shape[1::-1], interpolation=edge)
    return np.asarray(np.maximum(smooth, 0.0), dtype=np.float32)


def _regrade(linear: Array, rng: Rng, variety: Variety) -> Array:
    """Another exposure and tint, sometimes with the channels swapped, sometimes nearly grey."""
    gain = np.exp2(rng.normal(0, variety.exposure) + rng.normal(0, variety.tint, 3)).astype(np.float32)
    if rng.random() < variety.swapped:
        linear = linear[..., rng.permutation(3)]
    if rng.random() < variety.grey:
        linear = linear + np.float32(rng.uniform(0.4, 1.0)) * (linear.mean(axis=2, keepdims=True) - linear)
    return np.asarray(linear * gain, dtype=np.float32)


def _crop(picture: NDArray[np.uint8], rng: Rng, size: int, choose: Chooser) -> NDArray[np.uint8]:
    """A square of the picture, reduced to `size`, mirrored and turned by right angles."""
    largest = picture.shape[0]
    span = max(round(size * np.exp2(rng.uniform(*_OCTAVES))), min(size, largest))
    if span < 1.15 * size:  # so small a step would only soften: keep the pixels as they are
        span = min(size, largest)
    if span > largest:
        picture = _beyond(picture, rng, span)
    row, column = choose(picture, rng, span)
    crop = picture[row : row + span, column : column + span]
    if span != size:
        crop = cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA)
    if rng.random() < 0.5:
        crop = crop[:, ::-1]
    return np.ascontiguousarray(np.rot90(crop, int(rng.integers(4))))


def _beyond(picture: NDArray[np.uint8], rng: Rng, span: int) -> NDArray[np.uint8]:
    """The picture and its mirror images around it, `span` pixels wide: a crop may reach beyond what was drawn."""
    missing = span - picture.shape[0]
    before = rng.integers(missing + 1, size=2)
    return np.pad(picture, [(at, missing - at) for at in before] + [(0, 0)], mode="symmetric")


def _anywhere(picture: NDArray[np.uint8], rng: Rng, span: int) -> tuple[int, int]:
    last = picture.shape[0] - span + 1
    return int(rng.integers(last)), int(rng.integers(last))


def _mixed_pixel(picture: NDArray[np.uint8], rng: Rng, span: int) -> tuple[int, int]:
    """A crop that holds a mixed pixel, most often the rim of the form rather than its inside."""
    alpha = picture[::4, ::4, 3]
    rows, columns = np.nonzero((alpha > 1) & (alpha < 254))
    if len(rows) == 0:
        return _anywhere(picture, rng, span)
    at = int(rng.integers(len(rows)))
    last = picture.shape[0] - span
    first = [int(np.clip(4 * where[at] - rng.integers(span), 0, last)) for where in (rows, columns)]
    return first[0], first[1]
