"""Keyframe trimaps to a trimap on every frame.

A shot is cut at its keys. Within a segment the key before is carried forward, the key after is carried back, and both
answers are blended by temporal distance and confidence. So a frame depends on the keys of its own segment and on the
segment's plates, on nothing else: a further key changes the segment that it falls into and leaves all others alone.
"""

from __future__ import annotations

import itertools
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from dvm_core.bridge.errors import InputError
from dvm_core.trimap.propagate_grid import Grid, Map
from dvm_core.trimap.propagate_key import draw
from dvm_core.trimap.propagate_track import Carried, Tracker

_LEAST = 0.05  # certainty that every answer has, so that the nearer key decides where neither matches
_NEAR = 0.1  # pixels whose carried alpha is further than this from 0 belong to the object that confidence is of

Trimap = NDArray[np.uint8]
ReadPlate = Callable[[int], Map]


@dataclass(frozen=True)
class Propagated:
    """The trimap of a frame.

    Attributes:
        frame: Its number.
        trimap: (H, W) of 0, 128 and 255.
        confidence: In [0, 1]; 1 on a key. The next key pays most where it is lowest.
    """

    frame: int
    trimap: Trimap
    confidence: float


@dataclass(frozen=True)
class Segment:
    """Frames between two keys, or before the first or after the last.

    Attributes:
        frames: In order, its keys at the ends.
        keys: Frame to trimap: both ends, or the one end that has a key.
    """

    frames: tuple[int, ...]
    keys: tuple[int, ...]


def propagate(
    frames: Sequence[int], keys: Mapping[int, Trimap], read: ReadPlate, wanted: Sequence[int] | None = None
) -> Iterator[Propagated]:
    """Propagate keys to every frame of a shot.

    Args:
        frames: Every frame of the shot, sorted.
        keys: Trimap (H, W) of 0, 128 and 255 for some of them, at least one.
        read: Gives the plate of a frame, (H, W, 3) float32 display-referred in [0, 1]; asked twice for a frame
            between two keys.
        wanted: Frames to give, sorted; None for all. Only their segments are read, but those whole.

    Yields:
        Trimaps in the order of `frames`. A frame that has a key gives just that key. Equal plates and keys give equal
        bits, at equal threads, however the wanted frames are cut into ranges.

    Raises:
        InputError: There is no key, a key is on no frame of the shot, or a plate is not of its key's size.
    """
    chosen = set(frames if wanted is None else wanted)
    for segment in segments(frames, tuple(keys)):
        given = {frame: keys[frame] for frame in segment.keys}
        if not chosen.intersection(segment.frames):
            continue
        for found in propagate_segment(segment, given, read):
            if found.frame in chosen:
                chosen.discard(found.frame)  # a key ends one segment and begins the next
                yield found


def segments(frames: Sequence[int], keys: Sequence[int]) -> list[Segment]:
    """Cut a shot at its keys; neighbouring segments share the key between them.

    Raises:
        InputError: There is no key, or one is on no frame.
    """
    places = {frame: index for index, frame in enumerate(frames)}
    strangers = sorted(set(keys) - set(places))
    if not keys or strangers:
        found = f"found one on frame {strangers[0]}" if strangers else "found none"
        raise InputError(f"Expected keyframe trimaps on frames of the shot, {found}; paint one on a frame that it has.")
    at = [places[frame] for frame in sorted(keys)]
    cuts = [None, *at, None]
    found_segments = []
    for before, after in itertools.pairwise(cuts):
        first, last = (0 if before is None else before), (len(frames) - 1 if after is None else after)
        if (before is None and after == 0) or (after is None and before == last and len(at) > 1):
            continue  # nothing lies before a key on the first frame, or after one on the last
        ends = tuple(frames[cut] for cut in (before, after) if cut is not None)
        found_segments.append(Segment(tuple(frames[first : last + 1]), ends))
    return found_segments


def propagate_segment(segment: Segment, keys: Mapping[int, Trimap], read: ReadPlate) -> Iterator[Propagated]:
    """Trimaps of one segment, its keys included; arguments as for `propagate`.

    What is carried back waits in a scratch file, so memory does not grow with the segment.
    """
    grid = Grid.around(keys.values())
    first, last = segment.frames[0], segment.frames[-1]
    inner = tuple(frame for frame in segment.frames if frame not in keys)
    with tempfile.TemporaryFile(prefix="dvm-propagate-") as scratch:
        back = None
        if last in keys and inner:
            back = _Scratch(scratch, grid)
            tracker = Tracker(_plate(read, last, grid), keys[last], grid)
            for frame in reversed(inner):
                back.put(frame, tracker.step(_plate(read, frame, grid)))
            margin_back = tracker.margin
        ahead = Tracker(_plate(read, first, grid), keys[first], grid) if first in keys and inner else None
        for index, frame in enumerate(segment.frames):
            if frame in keys:
                yield Propagated(frame, keys[frame], 1.0)
                continue
            there = index / (len(segment.frames) - 1)
            answers: list[tuple[Carried, float, float]] = []
            if ahead is not None:
                nearness = 1 - there if back is not None else 1.0
                answers.append((ahead.step(_plate(read, frame, grid)), nearness, ahead.margin))
            if back is not None:
                answers.append((back.get(frame), there if ahead is not None else 1.0, margin_back))
            yield _drawn(frame, answers, grid)


def _plate(read: ReadPlate, frame: int, grid: Grid) -> Map:
    plate = read(frame)
    if plate.shape != (*grid.size, 3):
        height, width = grid.size
        raise InputError(
            f"Expected a plate of {width}x{height} like its key's trimap, found {plate.shape[1]}x{plate.shape[0]}; "
            "render the trimap at the plate's format.",
            frame=frame,
        )
    return plate


def _drawn(frame: int, answers: list[tuple[Carried, float, float]], grid: Grid) -> Propagated:
    """Blend what the directions say (each with its nearness and margin) and make a trimap of it."""
    weights = np.stack(
        [nearness * carried.trust**2 * (carried.certainty + _LEAST) + 1e-9 for carried, nearness, _ in answers]
    ).astype(np.float32)
    weights /= weights.sum(axis=0)
    labels = np.einsum("dhw,dlhw->lhw", weights, np.stack([carried.labels for carried, _, _ in answers]))
    near = sum(nearness for _, nearness, _ in answers)
    margin = sum(nearness * margin for _, nearness, margin in answers) / near
    confidence = _confidence(labels, weights, [carried for carried, _, _ in answers])
    return Propagated(frame, draw(labels, float(margin), confidence, grid), round(confidence, 4))


def _confidence(labels: Map, weights: Map, answers: list[Carried]) -> float:
    """Trust in the way and certainty on the object, less where the two directions contradict each other."""
    counted = labels.max(axis=0) > _NEAR
    if not counted.any():
        return float(max(carried.trust for carried in answers))
    shares = weights[:, counted].mean(axis=1)
    trust = sum(float(share) * carried.trust for share, carried in zip(shares, answers, strict=True))
    certainty = sum(weight * carried.certainty for weight, carried in zip(weights, answers, strict=True))
    confidence = trust * float(np.asarray(certainty)[counted].mean()) ** 0.5
    if len(answers) == 2:
        contradiction = np.abs(answers[0].labels[0] - answers[1].labels[0])[counted] > 0.5
        confidence *= 1.0 - float(contradiction.mean())
    return float(confidence)


class _Scratch:
    """What one direction says about each frame, in a file: bytes, for a 255th is enough."""

    def __init__(self, file: BinaryIO, grid: Grid) -> None:
        self._file = file
        self._shape = (3, *grid.shape)
        self._places: dict[int, tuple[int, int, float]] = {}

    def put(self, frame: int, carried: Carried) -> None:
        values = np.concatenate([carried.labels, carried.certainty[None]])
        packed = zlib.compress(np.rint(values * 255).astype(np.uint8).tobytes(), 1)
        self._places[frame] = (self._file.tell(), len(packed), carried.trust)
        self._file.write(packed)

    def get(self, frame: int) -> Carried:
        start, length, trust = self._places[frame]
        self._file.seek(start)
        packed = np.frombuffer(zlib.decompress(self._file.read(length)), np.uint8)
        values = packed.reshape(self._shape).astype(np.float32) / np.float32(255)
        return Carried(values[:2], values[2], trust)
