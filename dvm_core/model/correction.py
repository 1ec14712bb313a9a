"""Corrections: what finished frames of a shot say about the model's errors, carried to the frames between them.

A model that errs on a strand or a fold of smoke errs on it in the next frame, too: its errors follow what they are
made on. So the difference between a finished alpha and the model's own for that frame is brought along, by dense
optical flow between the model's alphas of the two frames (which know hair from background better than the plates do),
and added. Where what was brought along looks unlike what is there, it fades.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dvm_core.bridge.errors import ModelError
from dvm_core.bridge.frames import nearest
from dvm_core.dense_flow import fetched, flow

PREFIX = "correction."
"""Of the names of their tensors in a weight file."""

HELD = 16
"""Bytes for each pixel of a frame that two finished frames take from one frame to the next."""

_PARTS = ("drawn", "done")
_LARGEST = 2048  # pixels; the flow of larger frames is found at this width or height
_STEP, _FLOW = 12, 240  # bytes, as measured, while a frame is corrected: for each of its pixels, of its flow's pixels
_UNLIKE = 0.5  # difference of alphas, where they meet, at which a correction has faded to 1 / e
_STRANGE = (0.1, 0.2)  # mean difference over the unknown pixels, up to and from which a frame is trusted whole and not
_NEAR = 1.0 / 213.0  # of the width: how far around a pixel differences count
_NUMBER = re.compile("-?[0-9]+")
_STRIP = 256  # rows that are corrected at a time
_DEEPEST = 65535.0

Alpha = NDArray[np.float32]
Mask = NDArray[np.bool_]
Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Correction:
    """A finished frame.

    Attributes:
        frame: Its number.
        drawn: (H, W) float32 in [0, 1], the model's alpha.
        done: (H, W) float32 in [0, 1], the finished one.
    """

    frame: int
    drawn: Alpha
    done: Alpha


class Corrections:
    """All finished frames of a shot, kept compressed.

    Args:
        given: Of different frames.
    """

    def __init__(self, given: Iterable[Correction] = ()) -> None:
        self._packed: dict[int, tuple[Bytes, ...]] = {one.frame: (_pack(one.drawn), _pack(one.done)) for one in given}
        self._unpacked = lru_cache(maxsize=2)(self._unpack)

    @property
    def frames(self) -> tuple[int, ...]:
        """Numbers of the finished frames."""
        return tuple(sorted(self._packed))

    def __getitem__(self, frame: int) -> Correction:
        """A finished frame.

        Raises:
            KeyError: It is none.
            ModelError: It is damaged.
        """
        found: Correction = self._unpacked(frame)
        return found

    def without(self, frame: int) -> Corrections:
        """All but one."""
        rest = Corrections()
        rest._packed = {number: pictures for number, pictures in self._packed.items() if number != frame}
        return rest

    def tensors(self) -> dict[str, Tensor]:
        """What a weight file holds of them: two PNGs of 16 bits for each, as bytes."""
        return {
            f"{PREFIX}{frame}.{name}": torch.from_numpy(picture)
            for frame, pair in self._packed.items()
            for name, picture in zip(_PARTS, pair, strict=True)
        }

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor]) -> Corrections:
        """From what `tensors` gave.

        Raises:
            ModelError: They are not whole.
        """
        made = cls()
        for frame in {name.removeprefix(PREFIX).rpartition(".")[0] for name in tensors}:
            pair = [tensors.get(f"{PREFIX}{frame}.{part}") for part in _PARTS]
            pictures = tuple(one.numpy() for one in pair if one is not None and one.dtype == torch.uint8)
            if len(pictures) < len(pair) or not _NUMBER.fullmatch(frame):
                raise ModelError(f"Finished frame {frame!r} of the model is not whole; finetune again.")
            made._packed[int(frame)] = pictures
        return made

    def applied(self, frame: int, alpha: Alpha, unknown: Mask) -> Alpha:
        """The alpha of a frame, corrected.

        Args:
            frame: Its number: a finished one gets its finished alpha, all others are corrected from the nearest
                finished ones before and after.
            alpha: (H, W) in [0, 1], the model's.
            unknown: (H, W), where the trimap is unknown; elsewhere the alpha stays.

        Returns:
            (H, W) in [0, 1]; `alpha` itself where nothing can be said.

        Raises:
            ModelError: A finished frame is damaged.
        """
        near = nearest(self._packed, frame)
        usable = [one for number in near if (one := self._fitted(number, alpha.shape)) is not None]
        if not usable or not unknown.any():
            return alpha
        if usable[0].frame == frame:
            return np.where(unknown, usable[0].done, alpha)
        return _added(alpha, unknown, [_carry(one, frame, alpha, unknown) for one in usable])

    def _fitted(self, number: int, shape: tuple[int, ...]) -> Correction | None:
        """A finished frame at a size; None where it is of another format."""
        found = self[number]
        height, width = found.drawn.shape
        if (height, width) == shape:
            return found
        if abs(height / shape[0] - width / shape[1]) > 0.01 * height / shape[0]:
            return None
        drawn, done = (_resized(picture, (shape[0], shape[1])) for picture in (found.drawn, found.done))
        return Correction(number, drawn, done)

    def _unpack(self, number: int) -> Correction:
        drawn, done = (_read(picture, number) for picture in self._packed[number])
        if drawn.shape != done.shape:
            raise _damaged(number)
        return Correction(number, drawn, done)


NO_CORRECTIONS = Corrections()


def memory(size: tuple[int, int]) -> int:
    """Bytes at most, on top of `HELD`, while a frame of a height and width is corrected."""
    height, width = _flow_size(size)
    return _STEP * size[0] * size[1] + _FLOW * height * width


class _Carried(NamedTuple):
    """A finished frame on its way to another: where its pixels come from, and how far each is to be believed."""

    correction: Correction
    way: NDArray[np.float32]
    """(h, w, 2), the flow, in pixels of its own size."""
    like: Alpha
    """(h, w) in (0, 1], how like what is there it is."""
    distance: int
    """Frames from one to the other."""
    trust: float
    """In [0, 1], in the frame as a whole."""


def _carry(one: Correction, frame: int, alpha: Alpha, unknown: Mask) -> _Carried:
    size = _flow_size(alpha.shape)
    here, there = (_resized(picture, size) for picture in (alpha, one.drawn))
    way = flow(_bytes(here), _bytes(there), finest=True)
    unlike = np.abs(fetched(there, way) - here)
    unlike = cv2.GaussianBlur(unlike, (0, 0), max(_NEAR * size[1], 1.0))
    where = _resized(unknown.astype(np.float32), size) > 0
    low, high = _STRANGE
    trust = float(np.clip((high - unlike[where].mean()) / (high - low), 0.0, 1.0))
    like = np.exp(unlike / -_UNLIKE)
    return _Carried(one, way, like, abs(one.frame - frame), trust)


def _added(alpha: Alpha, unknown: Mask, carried: list[_Carried]) -> Alpha:
    """The alpha with the finished frames' differences, weighed; in strips, as whole frames of maps are large."""
    corrected: Alpha = alpha.copy()
    height = alpha.shape[0]
    for top in range(0, height, _STRIP):
        rows = slice(top, min(top + _STRIP, height))
        if not unknown[rows].any():
            continue
        parts = [_strip(one, rows, alpha.shape) for one in carried]
        total = sum(weight for _, weight in parts)
        added = sum(weight * difference for difference, weight in parts) / total
        corrected[rows] = np.where(unknown[rows], np.clip(alpha[rows] + added, 0.0, 1.0), alpha[rows])
    return corrected


def _strip(carried: _Carried, rows: slice, shape: tuple[int, ...]) -> tuple[Alpha, Alpha]:
    """Difference and weight of some rows, (h, W) each."""
    scale = shape[1] / carried.way.shape[1]
    way, like = (_rows(maps, rows, shape) for maps in (carried.way, carried.like))
    done, drawn = (
        fetched(picture, way * scale, top=rows.start) for picture in (carried.correction.done, carried.correction.drawn)
    )
    return np.asarray((done - drawn) * (like * carried.trust)), like / np.float32(carried.distance)


def _rows(maps: NDArray[np.float32], rows: slice, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Some rows of maps at the size of a frame."""
    height, width = shape[:2]
    if maps.shape[:2] == (height, width):
        return maps[rows]
    y = (np.arange(rows.start, rows.stop, dtype=np.float32) + 0.5) * (maps.shape[0] / height) - 0.5
    x = (np.arange(width, dtype=np.float32) + 0.5) * (maps.shape[1] / width) - 0.5
    columns, lines = np.meshgrid(x, y)
    return np.asarray(cv2.remap(maps, columns, lines, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def _flow_size(shape: tuple[int, ...]) -> tuple[int, int]:
    shrink = min(1.0, _LARGEST / max(shape))
    return max(round(shape[0] * shrink), 1), max(round(shape[1] * shrink), 1)


def _resized(picture: Alpha, size: tuple[int, int]) -> Alpha:
    if picture.shape == size:
        return picture
    way = cv2.INTER_AREA if size[0] < picture.shape[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, size[::-1], interpolation=way), dtype=np.float32)


def _bytes(picture: Alpha) -> Bytes:
    return np.round(picture * 255.0).astype(np.uint8)


def _pack(picture: Alpha) -> Bytes:
    deep = np.round(np.clip(picture, 0.0, 1.0) * _DEEPEST).astype(np.uint16)
    return np.asarray(cv2.imencode(".png", deep)[1], dtype=np.uint8).ravel()


def _read(packed: Bytes, number: int) -> Alpha:
    picture = cv2.imdecode(packed, cv2.IMREAD_UNCHANGED) if packed.size else None
    if picture is None or picture.ndim != 2 or picture.dtype != np.uint16:
        raise _damaged(number)
    return np.asarray(picture.astype(np.float32) / np.float32(_DEEPEST))


def _damaged(number: int) -> ModelError:
    return ModelError(f"Finished frame {number} in the model is damaged; finetune again.", frame=number)
