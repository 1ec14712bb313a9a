"""What a user brings to compose from: pictures with alpha, photographs, and movie pairs of the published layout."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from dvm_core.bridge.errors import InputError
from dvm_core.io.rgba_file import read_rgba, srgb

Bytes = NDArray[np.uint8]

_ENDINGS = frozenset({".png", ".exr", ".tif", ".tiff"})
FOREGROUND_MOVIES, BACKGROUND_MOVIES = "fg/video/train", "bg/train"
"""Folders of a data set: `0000/f.mp4` and `0000/a.mp4` in the one, `0000.mp4` in the other."""


@dataclass(frozen=True)
class MoviePair:
    """A keyed foreground.

    Attributes:
        colour: Movie of the foreground's colour.
        alpha: Movie of its alpha, frame by frame the same.
    """

    colour: Path
    alpha: Path


class _Span(NamedTuple):
    """Where an object lies along one axis of a picture that is `length` long."""

    first: int
    end: int
    length: int

    @property
    def cut_first(self) -> bool:
        return self.first == 0

    @property
    def cut_last(self) -> bool:
        return self.end == self.length

    def place(self, extent: int, size: int) -> tuple[slice, slice]:
        """Where the resized object goes in the square, and what of it: a side that was cut stays at the border."""
        if extent >= size:
            skip = (extent - size) // 2
            return slice(0, size), slice(skip, skip + size)
        start = 0 if self.cut_first else size - extent if self.cut_last else (size - extent) // 2
        return slice(start, start + extent), slice(0, extent)


def find_movies(root: Path) -> tuple[list[MoviePair], list[Path]]:
    """The foregrounds and backgrounds of a data set in the published layout; either may be missing, not both.

    Args:
        root: Folder that has `fg/video/train` and `bg/train`.

    Raises:
        InputError: Neither folder has a movie, or a foreground lacks one of its two.
    """
    pairs = []
    for folder in sorted(path for path in (root / FOREGROUND_MOVIES).glob("*") if path.is_dir()):
        pair = MoviePair(folder / "f.mp4", folder / "a.mp4")
        missing = next((path for path in (pair.colour, pair.alpha) if not path.is_file()), None)
        if missing is not None:
            raise InputError(f"A foreground needs f.mp4 and a.mp4; '{missing}' is missing.", path=missing)
        pairs.append(pair)
    backgrounds = sorted((root / BACKGROUND_MOVIES).glob("*.mp4"))
    if not pairs and not backgrounds:
        raise InputError(
            f"Expected movies in '{root}/{FOREGROUND_MOVIES}/0000/' or '{root}/{BACKGROUND_MOVIES}/', found none."
        )
    return pairs, backgrounds


def read_stills(folder: Path, size: int) -> Bytes:
    """Every PNG, TIFF and EXR with alpha below a folder, each fitted into a square around its object.

    Args:
        folder: To search.
        size: Height and width of the squares in pixels.

    Returns:
        (N, size, size, 4) straight sRGB and alpha.

    Raises:
        InputError: There is none, or one has no alpha or cannot be read.
    """
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _ENDINGS)
    if not paths:
        raise InputError(f"Expected PNG, TIFF or EXR pictures with alpha in '{folder}', found none.", path=folder)
    return np.stack([_square(path, size) for path in paths])


def _square(path: Path, size: int) -> Bytes:
    """One picture: cut to its object, resized premultiplied in linear light, transparent all around."""
    picture = read_rgba(path)
    alpha = picture.alpha
    rows, columns = (np.flatnonzero((alpha > 0).any(axis=axis)) for axis in (1, 0))
    if rows.size == 0:
        raise InputError("Expected a picture with an object, found alpha 0 everywhere; remove the file.", path=path)
    spans = [
        _Span(int(at[0]), int(at[-1]) + 1, length) for at, length in ((rows, alpha.shape[0]), (columns, alpha.shape[1]))
    ]
    box = tuple(slice(span.first, span.end) for span in spans)
    layer = np.dstack([np.maximum(picture.rgb[box], 0.0) * alpha[box][..., None], alpha[box]])
    # An object that is cut on two opposite sides must stay so, or its cut would be an edge to learn.
    through = [span.end - span.first for span in spans if span.cut_first and span.cut_last]
    scale = size / (min(through) if through else max(layer.shape[:2]))
    shape = [max(1, round(length * scale)) for length in layer.shape[:2]]
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    layer = cv2.resize(layer, (shape[1], shape[0]), interpolation=how)
    square = np.zeros((size, size, 4), np.float32)
    (to_rows, of_rows), (to_columns, of_columns) = (span.place(shape[axis], size) for axis, span in enumerate(spans))
    square[to_rows, to_columns] = layer[of_rows, of_columns]
    # Premultiplied pixels and their wide mean: straight colour goes on beyond the object.
    around = square + np.float32(1e-4) * cv2.GaussianBlur(square, (0, 0), size / 16)
    straight = srgb(around[..., :3] / np.maximum(around[..., 3:], 1e-7))
    return np.round(np.dstack([straight, square[..., 3].clip(0, 1)]) * 255.0).astype(np.uint8)
