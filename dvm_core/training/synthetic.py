"""Training takes: a foreground of the library moves over a background of the library, in linear light.

The truth is exact: alpha is made before the picture is, and every later step (motion blur, defocus, exposure, grain,
compression) either acts on the premultiplied layers and so on alpha too, or on the finished picture alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dvm_core.training.camera import Camera, bytes_to_linear, composite
from dvm_core.training.library import Library
from dvm_core.training.motion import Motion
from dvm_core.training.noise import Array, Rng, disc_blur, smoothstep, uniform_noise
from dvm_core.training.trimaps import LOWEST, random_trimap, trimap_of

_WITH_CORE = 0.92  # share of takes that are to have a solid core, as most objects have
_CORE = 0.1  # of the picture's area, at least
_TRIES = 6
_DRESSED, _PATCHED = 0.28, 0.14  # share of foregrounds in another picture's colours; of these in wide patches of them
_OCTAVES = (-0.25, 1.0)  # by how much a picture is reduced
_THIN, _EVEN = 0.12, 0.5  # share of foregrounds that let light through; of these all over, with no solid core
_UNSHARP, _BLURRED = 0.22, 0.3  # share of foregrounds out of focus, and of takes with an open shutter

Chooser = Callable[[NDArray[np.uint8], Rng, int], tuple[int, int]]
"""Picture, randomness and side of the crop, to the crop's first row and column."""


@dataclass(frozen=True)
class Take:
    """Consecutive frames with their truth.

    Attributes:
        plates: (T, H, W, 3) float32, display-referred sRGB in [0, 1].
        trimaps: (T, H, W) uint8 of 0, 128, 255.
        alphas: (T, H, W) float32 in [0, 1].
        contrasts: (T, H, W, 3) float32, linear foreground minus background colour, before exposure and grain.
        foregrounds: (T, H, W, 3) float32, straight linear foreground colour as the camera exposes it, without grain.
    """

    plates: Array
    trimaps: NDArray[np.uint8]
    alphas: Array
    contrasts: Array
    foregrounds: Array


def make_take(library: Library, rng: Rng, size: int, *, frames: int = 1, radius: int | None = None) -> Take:
    """Compose a take at random.

    Args:
        library: Pictures to compose from.
        rng: Source of randomness; the take depends on it alone.
        size: Height and width in pixels, up to the library's.
        frames: Frames in the take, an odd number.
        radius: Dilation of plain trimaps in pixels; None for trimaps of every kind.
    """
    back = _background(library, rng, size)
    front, alpha = _foreground(library, rng, size, back)
    layer = np.dstack([front * alpha[..., None], alpha])
    layer, back = _focus(layer, back, rng)
    moved, behind = _move(layer, back, rng, frames)
    return shoot_take(moved, behind, rng, radius, front)


def shoot_take(layers: Sequence[Array], backs: Sequence[Array], rng: Rng, radius: int | None, fill: Array) -> Take:
    """Composite layers frame by frame, and shoot them with one camera.

    Args:
        layers: Each (H, W, 4) premultiplied linear foreground and alpha.
        backs: Each (H, W, 3) linear background.
        rng: Source of randomness.
        radius: Dilation of plain trimaps in pixels; None for trimaps of every kind.
        fill: (H, W, 3) straight foreground colour where alpha is 0.
    """
    camera, state = Camera(rng), int(rng.integers(1 << 31))
    pairs = zip(layers, backs, strict=True)
    frames = [_shoot(layer, back, camera, np.random.default_rng(state), radius, fill) for layer, back in pairs]
    return Take(*(np.stack(parts) for parts in zip(*frames, strict=True)))


def _shoot(
    layer: Array, back: Array, camera: Camera, rng: Rng, radius: int | None, fill: Array
) -> tuple[Array, NDArray[np.uint8], Array, Array, Array]:
    """Plate, trimap, alpha, contrast and foreground of one frame; `rng` gives every frame the same kind of trimap."""
    alpha = np.clip(layer[..., 3], 0.0, 1.0)
    # Clean the ends, so that resampling and 8-bit storage leave no specks that would spread the unknown region.
    alpha = np.where(alpha < LOWEST, 0.0, np.where(alpha > 1.0 - LOWEST, 1.0, alpha)).astype(np.float32)
    straight = np.where(layer[..., 3:] > LOWEST, layer[..., :3] / np.maximum(layer[..., 3:], LOWEST), fill)
    plate = camera.shoot(composite(straight, alpha, back))
    trimap = random_trimap(alpha, rng) if radius is None else trimap_of(alpha, radius)
    return plate, trimap, alpha, (straight - back).astype(np.float32), camera.expose(straight)


def _background(library: Library, rng: Rng, size: int) -> Array:
    """A crop of a background, at any scale down to a half, turned and recoloured; (size, size, 3) linear."""
    picture = library.backgrounds[rng.integers(len(library.backgrounds))]
    crop = _crop(picture, rng, size, _anywhere)
    return _regrade(bytes_to_linear(crop), rng)


def _foreground(library: Library, rng: Rng, size: int, back: Array) -> tuple[Array, Array]:
    """A crop of a foreground around a mixed pixel: straight linear colour and alpha."""
    crop = _crop(library.foregrounds[rng.integers(len(library.foregrounds))], rng, size, _mixed_pixel)
    for _ in range(_TRIES if rng.random() < _WITH_CORE else 0):
        if (crop[..., 3] == 255).mean() > _CORE:
            break
        crop = _crop(library.foregrounds[rng.integers(len(library.foregrounds))], rng, size, _mixed_pixel)
    alpha = crop[..., 3].astype(np.float32) / 255.0
    if rng.random() < _THIN:
        alpha = _thinned(alpha, rng)
    rgb = bytes_to_linear(crop[..., :3])
    dress = rng.random()
    if dress < _DRESSED:
        cloth = _background(library, rng, size)
        cloth = _patches(cloth, rng) if dress < _PATCHED else _fade(cloth, rng)
        shading = rgb.mean(axis=2, keepdims=True)
        rgb = cloth * np.clip(shading / (shading.mean() + 0.05), 0.3, 2.0)
    rgb = _regrade(rgb, rng)
    if rng.random() < 0.06:
        # Similar colours on both sides, the hard case: pull the foreground's mean to the background's.
        rgb = rgb * ((back.mean(axis=(0, 1)) + 0.02) / (rgb.mean(axis=(0, 1)) + 0.02)) * rng.uniform(0.7, 1.4)
    return np.clip(rgb, 0.0, 1.5).astype(np.float32), alpha


def _thinned(alpha: Array, rng: Rng) -> Array:
    """Let light through as gauze, smoke and turning blades do: all over, or in places beside a solid core."""
    if rng.random() < _EVEN:
        return np.asarray(alpha * np.float32(rng.uniform(0.08, 0.95)))
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


def _regrade(linear: Array, rng: Rng) -> Array:
    """Another exposure and tint, sometimes with the channels swapped."""
    gain = np.exp2(rng.normal(0, 0.35) + rng.normal(0, 0.08, 3)).astype(np.float32)
    if rng.random() < 0.5:
        linear = linear[..., rng.permutation(3)]
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


def _focus(layer: Array, back: Array, rng: Rng) -> tuple[Array, Array]:
    """Put the background, and now and then the foreground, out of focus."""
    if rng.random() < 0.6:
        back = disc_blur(back, rng.uniform(0.7, 8.0))
    if rng.random() < _UNSHARP:
        layer = disc_blur(layer, float(np.exp(rng.uniform(np.log(0.7), np.log(10.0)))))
    return layer, back


def _move(layer: Array, back: Array, rng: Rng, frames: int) -> tuple[list[Array], list[Array]]:
    """Both layers at each frame's time, with the foreground's motion blur where its shutter is open."""
    size = layer.shape[0]
    blurred = rng.random() < _BLURRED
    speed = float(np.exp(rng.uniform(np.log(0.7 if blurred else 0.2), np.log(8.0))))
    front_motion = Motion(rng, size, 3.0 * speed if blurred else speed, elastic=bool(rng.random() < 0.5))
    back_motion = Motion(rng, size, speed * rng.uniform(0.0, 1.5), elastic=False)
    shutter = float(rng.uniform(0.25, 1.0)) if blurred else 0.0
    taps = int(np.clip(6.0 * speed * shutter, 5, 24))  # a step of the foreground is to be about a pixel
    times = [float(at - frames // 2) for at in range(frames)]
    return (
        [front_motion.exposed(layer, time, shutter, taps) for time in times],
        [back_motion.at(back, time) for time in times],
    )
