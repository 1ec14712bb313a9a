"""Takes out of movies: consecutive frames of a keyed foreground, of a moving background, or of both."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from dvm_core.bridge.errors import InputError
from dvm_core.io.movie import MovieSource
from dvm_core.training.camera import bytes_to_linear
from dvm_core.training.library import Library
from dvm_core.training.material import Bytes, MoviePair
from dvm_core.training.noise import Array, Rng
from dvm_core.training.synthetic import Take, shoot_take
from dvm_core.training.variety import Variety

_LOOKS = 8  # frames of a movie that are looked at for a mixed pixel
_DARKEST, _BRIGHTEST = 2, 253  # of 255; a movie's codec does not keep the ends of an alpha clean
_OPEN = 6  # movies


class Cut(NamedTuple):
    """What is cut out of movies.

    Attributes:
        size: Height and width in pixels.
        frames: Number of frames.
        variety: Of the camera and of trimaps.
    """

    size: int
    frames: int
    variety: Variety


def movie_take(library: Library, rng: Rng, cut: Cut, pairs: Sequence[MoviePair], scenes: Sequence[Path]) -> Take:
    """Compose a take of movies; a still of the library stands for the side that has none.

    Args:
        library: Stills.
        rng: Source of randomness; the take depends on it alone.
        cut: What is cut out.
        pairs: Foregrounds, may be empty.
        scenes: Backgrounds, may be empty.

    Raises:
        InputError: A movie cannot be read or is too short.
        UsageError: PyAV is not installed.
    """
    if pairs:
        layers, fill = _foreground(pairs[int(rng.integers(len(pairs)))], rng, cut)
    else:
        picture = _fitted(library.foregrounds[int(rng.integers(len(library.foregrounds)))], cut.size)
        layer, fill = _layer(picture[..., :3], picture[..., 3])
        layers = [layer] * cut.frames
    if scenes:
        backs = _background(scenes[int(rng.integers(len(scenes)))], rng, cut)
    else:
        picture = library.backgrounds[int(rng.integers(len(library.backgrounds)))]
        backs = [bytes_to_linear(_fitted(picture, cut.size))] * cut.frames
    return shoot_take(layers, backs, rng, cut.variety, fill)


def _foreground(pair: MoviePair, rng: Rng, cut: Cut) -> tuple[list[Array], Array]:
    """Premultiplied layers around a mixed pixel, and straight colour to fill in with."""
    colour, alpha = _open(pair.colour), _open(pair.alpha)
    count = min(len(colour.frames), len(alpha.frames))
    for _ in range(_LOOKS):
        first = _first(count, pair.colour, rng, cut)
        middle = _read(alpha, first + cut.frames // 2)[..., 0]
        mixed = np.argwhere((middle > _DARKEST) & (middle < _BRIGHTEST))
        if len(mixed):
            break
    at = mixed[int(rng.integers(len(mixed)))] if len(mixed) else np.array(middle.shape) // 2
    box = _box(middle.shape, at, cut, rng)
    made = [
        _layer(_fitted(_read(colour, frame)[box], cut.size), _fitted(_read(alpha, frame)[box], cut.size)[..., 0])
        for frame in range(first, first + cut.frames)
    ]
    return [layer for layer, _ in made], made[len(made) // 2][1]


def _background(path: Path, rng: Rng, cut: Cut) -> list[Array]:
    scene = _open(path)
    first = _first(len(scene.frames), path, rng, cut)
    shape = _read(scene, first).shape[:2]
    box = _box(shape, rng.integers(shape), cut, rng)
    return [bytes_to_linear(_fitted(_read(scene, first + at)[box], cut.size)) for at in range(cut.frames)]


@lru_cache(maxsize=_OPEN)
def _open(path: Path) -> MovieSource:
    return MovieSource(path)


def _read(movie: MovieSource, index: int) -> Bytes:
    """A frame by its place from 0, (H, W, 3) in 8 bits."""
    pixels = movie.read(movie.frames[index]).pixels
    return pixels if pixels.dtype == np.uint8 else (pixels // 257).astype(np.uint8)


def _first(count: int, path: Path, rng: Rng, cut: Cut) -> int:
    if count < cut.frames:
        raise InputError(f"The movie '{path}' has {count} frames, and clips of {cut.frames} are asked for.", path=path)
    return int(rng.integers(count - cut.frames + 1))


def _box(shape: Any, at: Any, cut: Cut, rng: Rng) -> tuple[slice, slice]:
    """A square that holds a pixel, at another place each time; smaller where the movie is."""
    side = min(cut.size, *shape)
    top, left = (int(np.clip(at[axis] - rng.integers(side), 0, shape[axis] - side)) for axis in (0, 1))
    return slice(top, top + side), slice(left, left + side)


def _fitted(picture: Bytes, size: int) -> Bytes:
    if picture.shape[:2] == (size, size):
        return picture
    how = cv2.INTER_AREA if picture.shape[0] > size else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (size, size), interpolation=how))


def _layer(rgb: Bytes, alpha: Bytes) -> tuple[Array, Array]:
    """Premultiplied linear layer (H, W, 4), and straight linear colour (H, W, 3)."""
    straight = bytes_to_linear(rgb)
    coverage = ((alpha.astype(np.float32) - _DARKEST) / (_BRIGHTEST - _DARKEST)).clip(0.0, 1.0)
    return np.dstack([straight * coverage[..., None], coverage]).astype(np.float32), straight
