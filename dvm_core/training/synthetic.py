"""Training takes: a foreground of the library moves over a background of the library, in linear light.

The truth is exact: alpha is made before the picture is, and every later step (motion blur, defocus, exposure, grain,
compression) either acts on the premultiplied layers and so on alpha too, or on the finished picture alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dvm_core.training import layers
from dvm_core.training.camera import Camera, composite
from dvm_core.training.library import Library
from dvm_core.training.motion import FAST, Motion
from dvm_core.training.noise import Array, Rng, disc_blur
from dvm_core.training.trimaps import LOWEST, random_trimap
from dvm_core.training.variety import WILD, Variety

_SLOW, _FASTEST = 0.2, 50.0  # pixels from frame to frame
_MOST_TAPS = 48  # moments of an open shutter


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


def make_take(library: Library, rng: Rng, size: int, *, frames: int = 1, variety: Variety = WILD) -> Take:
    """Compose a take at random.

    Args:
        library: Pictures to compose from.
        rng: Source of randomness; the take depends on it alone.
        size: Height and width in pixels, up to the library's.
        frames: Frames in the take, an odd number.
        variety: How far to stray from what a camera sees.
    """
    back = layers.background(library, rng, size, variety)
    front, alpha = layers.foreground(library, rng, size, back, variety)
    layer = np.dstack([front * alpha[..., None], alpha])
    layer, back = _focus(layer, back, rng, variety)
    moved, behind = _move(layer, back, rng, frames, variety)
    return shoot_take(moved, behind, rng, variety, front)


def shoot_take(layers: Sequence[Array], backs: Sequence[Array], rng: Rng, variety: Variety, fill: Array) -> Take:
    """Composite layers frame by frame, and shoot them with one camera.

    Args:
        layers: Each (H, W, 4) premultiplied linear foreground and alpha.
        backs: Each (H, W, 3) linear background.
        rng: Source of randomness.
        variety: Of the camera and of trimaps.
        fill: (H, W, 3) straight foreground colour where alpha is 0.
    """
    camera, state = Camera(rng, variety), int(rng.integers(1 << 31))
    pairs = zip(layers, backs, strict=True)
    frames = [_shoot(layer, back, camera, np.random.default_rng(state), variety, fill) for layer, back in pairs]
    return Take(*(np.stack(parts) for parts in zip(*frames, strict=True)))


def _shoot(
    layer: Array, back: Array, camera: Camera, rng: Rng, variety: Variety, fill: Array
) -> tuple[Array, NDArray[np.uint8], Array, Array, Array]:
    """Plate, trimap, alpha, contrast and foreground of one frame; `rng` gives every frame the same kind of trimap."""
    alpha = np.clip(layer[..., 3], 0.0, 1.0)
    # Clean the ends, so that resampling and 8-bit storage leave no specks that would spread the unknown region.
    alpha = np.where(alpha < LOWEST, 0.0, np.where(alpha > 1.0 - LOWEST, 1.0, alpha)).astype(np.float32)
    straight = np.where(layer[..., 3:] > LOWEST, layer[..., :3] / np.maximum(layer[..., 3:], LOWEST), fill)
    plate = camera.shoot(composite(straight, alpha, back))
    trimap = random_trimap(alpha, rng, variety)
    return plate, trimap, alpha, (straight - back).astype(np.float32), camera.expose(straight)


def _focus(layer: Array, back: Array, rng: Rng, variety: Variety) -> tuple[Array, Array]:
    """Put the background, and now and then the foreground, out of focus."""
    if rng.random() < 0.6:
        back = disc_blur(back, rng.uniform(0.7, 8.0))
    if rng.random() < variety.unsharp:
        layer = disc_blur(layer, float(np.exp(rng.uniform(np.log(0.7), np.log(10.0)))))
    return layer, back


def _move(layer: Array, back: Array, rng: Rng, frames: int, variety: Variety) -> tuple[list[Array], list[Array]]:
    """Both layers at each frame's time, with the foreground's motion blur where its shutter is open."""
    size = layer.shape[0]
    blurred = rng.random() < variety.blurred
    speed = float(np.exp(rng.uniform(np.log(0.7 if blurred else _SLOW), np.log(FAST))))
    front_speed = 3.0 * speed if blurred else speed
    if frames > 1 and rng.random() < variety.flung:
        speed = front_speed = float(np.exp(rng.uniform(np.log(FAST), np.log(_FASTEST))))
    spins = blurred and rng.random() < variety.spun
    front_motion = Motion(rng, size, front_speed, elastic=bool(rng.random() < 0.5), spins=spins)
    back_motion = Motion(rng, size, min(speed, FAST) * rng.uniform(0.0, 1.5), elastic=False)
    shutter = float(rng.uniform(0.25, 1.0)) if blurred else 0.0
    taps = int(np.clip(2.0 * front_motion.sweep * shutter, 5, _MOST_TAPS))  # a step is to be about a pixel
    times = [float(at - frames // 2) for at in range(frames)]
    return (
        [front_motion.exposed(layer, time, shutter, taps) for time in times],
        [back_motion.at(back, time) for time in times],
    )
