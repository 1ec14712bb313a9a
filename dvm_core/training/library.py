"""Foregrounds and backgrounds made once and kept on disk, to be recombined for every training sample.

Making a head of hair takes a tenth of a second, recombining one a few milliseconds: hundreds of each kind, cropped,
scaled, turned and recoloured independently, give pairs without end.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context, parent_process
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from dvm_core.bridge.errors import InputError
from dvm_core.training.backgrounds import background
from dvm_core.training.foregrounds import foreground
from dvm_core.whole_file import whole_file

_WORTH_PROCESSES = 64  # missing pictures from which on starting processes is worth its seconds
_CHUNK = 4  # pictures that a process makes at a time

Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Library:
    """Pictures to compose from.

    Attributes:
        foregrounds: (N, S, S, 4) uint8, straight display RGB and alpha.
        backgrounds: (M, S, S, 3) uint8, display RGB.
    """

    foregrounds: Bytes
    backgrounds: Bytes


def make_library(folder: Path, *, foregrounds: int, backgrounds: int, size: int = 448, seed: int = 0) -> Library:
    """Make a library's missing pictures and return it; each picture depends on the seed and its number alone.

    Many are made in processes of their own, which import the caller's main module: a script calls this under its
    `if __name__ == "__main__":`.

    Args:
        folder: Where it is kept; made if it is not there.
        foregrounds: Number of foregrounds.
        backgrounds: Number of procedural backgrounds.
        size: Height and width of every picture in pixels.
        seed: Another seed gives other pictures; validation uses its own.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return Library(
        _kept(folder / f"foregrounds-{seed}-{size}", foregrounds, size, 4, seed),
        _kept(folder / f"backgrounds-{seed}-{size}", backgrounds, size, 3, seed),
    )


def add_photographs(library: Library, folder: Path, share: float) -> Library:
    """Add the photographs in a folder to the backgrounds, cut into overlapping squares of the library's size.

    Args:
        library: To add to.
        folder: Of PNG or JPEG files.
        share: How often a background is to be a photograph, in [0, 1); few photographs are repeated to reach it.

    Raises:
        InputError: A file that is no readable picture.
    """
    size = library.backgrounds.shape[1]
    squares = [square for path in sorted(folder.iterdir()) for square in _squares(path, size)]
    if not squares:
        return library
    wanted = share / (1.0 - share) * len(library.backgrounds)
    times = max(1, round(wanted / len(squares)))
    return Library(library.foregrounds, np.concatenate([library.backgrounds, *[np.stack(squares)] * times]))


def add_rendered(library: Library, folder: Path, share: float) -> Library:
    """Add the pictures in a folder to the foregrounds, at the library's size.

    Args:
        library: To add to.
        folder: Of square PNG or WebP files with alpha, straight display colour.
        share: How often a foreground is to be one of them, in [0, 1); few are repeated to reach it.

    Raises:
        InputError: A file that is no such picture.
    """
    size = library.foregrounds.shape[1]
    files = sorted([*folder.glob("*.png"), *folder.glob("*.webp")])
    pictures = [_picture_with_alpha(path, size) for path in files]
    if not pictures:
        return library
    wanted = share / (1.0 - share) * len(library.foregrounds)
    times = max(1, round(wanted / len(pictures)))
    return Library(np.concatenate([library.foregrounds, *[np.stack(pictures)] * times]), library.backgrounds)


def _kept(stem: Path, count: int, size: int, channels: int, seed: int) -> Bytes:
    """Read the pictures that are there and make the rest; several parts may be made at different times."""
    pictures = np.empty((count, size, size, channels), np.uint8)
    have = 0
    file = stem.with_suffix(".npy")
    if file.is_file():
        kept = np.load(file)[:count]
        have = len(kept)
        pictures[:have] = kept
    for number, picture in enumerate(_mapped(partial(_made, size, channels, seed), range(have, count)), have):
        pictures[number] = picture
    if have < count:
        with whole_file(file) as temporary, temporary.open("wb") as stream:
            np.save(stream, pictures)
    return pictures


def _mapped(make: Callable[[int], Bytes], numbers: range) -> Iterator[Bytes]:
    """The pictures of some numbers, in order; of many, made by a process for each core."""
    if len(numbers) < _WORTH_PROCESSES:
        yield from map(make, numbers)
        return
    # Spawned: a fork inherits the locks of OpenCV's threads, but not the threads.
    with ProcessPoolExecutor(mp_context=get_context("spawn"), initializer=_start_process) as pool:
        yield from pool.map(make, numbers, chunksize=_CHUNK)


def _start_process() -> None:
    """One thread each, and Ctrl-C, which reaches every process of a terminal, is the parent's to handle."""
    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A pool's process whose parent was killed would wait for work for ever."""
    if (parent := parent_process()) is not None:
        parent.join()
        os._exit(1)


def _made(size: int, channels: int, seed: int, number: int) -> Bytes:
    """One picture, (size, size, channels)."""
    rng = np.random.default_rng([seed, channels, number])
    picture = np.dstack(foreground(rng, size)) if channels == 4 else background(rng, size)
    return np.asarray(np.round(picture * 255.0), dtype=np.uint8)


def _squares(path: Path, size: int) -> list[Bytes]:
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise InputError("Expected a PNG or JPEG photograph among the backgrounds; remove the file.", path=path)
    picture = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
    grow = size / min(picture.shape[:2])
    if grow > 1.0:
        picture = cv2.resize(picture, None, fx=grow, fy=grow, interpolation=cv2.INTER_CUBIC)
    rows, columns = (_starts(length, size) for length in picture.shape[:2])
    return [picture[row : row + size, column : column + size] for row in rows for column in columns]


def _starts(length: int, size: int) -> list[int]:
    """Starts of the fewest windows of `size` that cover `length` evenly."""
    count = -(-length // size)
    return [0] if count == 1 else [round(i * (length - size) / (count - 1)) for i in range(count)]


def _picture_with_alpha(path: Path, size: int) -> Bytes:
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if picture is None or picture.ndim != 3 or picture.shape[2] != 4 or picture.dtype != np.uint8:
        raise InputError("Expected an 8-bit PNG or WebP with alpha among the foregrounds; remove the file.", path=path)
    picture = cv2.cvtColor(picture, cv2.COLOR_BGRA2RGBA)
    if picture.shape[:2] != (size, size):
        picture = cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA)
    return np.asarray(picture, dtype=np.uint8)
