"""Keyframe trimaps to a trimap on every frame.

A shot is cut at its keys. Within a segment the key before is carried forward, the key after is carried back, and both
answers are blended by temporal distance and confidence. So a frame depends on the keys of its own segment and on the
segment's plates, on nothing else: a further key changes the segment that it falls into and leaves all others alone.
"""

from __future__ import annotations

import itertools
import tempfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from dvm_core.bridge.errors import InputError
from dvm_core.trimap.propagate_draw import Answer, blend, draw
from dvm_core.trimap.propagate_grid import Grid
from dvm_core.trimap.propagate_key import LABELS
from dvm_core.trimap.propagate_plates import Plates, ReadPlate
from dvm_core.trimap.propagate_recall import Look, Looks
from dvm_core.trimap.propagate_track import Carried, Tracker

Trimap = NDArray[np.uint8]


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
            between two keys, and once more for those next to a key.
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
    if not set(segment.frames) - set(keys):
        yield from (Propagated(frame, keys[frame], 1.0) for frame in segment.frames)
        return
    grid = Grid.around(keys.values())
    plates = Plates(segment.frames, read, grid)
    with tempfile.TemporaryFile(prefix="dvm-propagate-") as scratch:
        looks = Looks({frame: keys[frame] for frame in segment.keys}, plates, grid)
        back = _carried_back(segment, keys, plates, looks, _Scratch(scratch, grid))
        first = segment.frames[0]
        ahead = Tracker(plates.small(first), keys[first], grid) if first in keys else None
        for index, frame in enumerate(segment.frames):
            if frame in keys:
                yield Propagated(frame, keys[frame], 1.0)
                continue
            there = index / (len(segment.frames) - 1)
            answers = []
            if back is None:
                look = looks.of(frame)
            else:
                carried, look = back.get(frame)
                answers.append(Answer(carried, there if ahead else 1.0, back.margin))
            if ahead is not None:
                answers.append(Answer(ahead.step(plates.small(frame), look), 1 - there if back else 1.0, ahead.margin))
            blended = blend(answers)
            yield Propagated(
                frame, draw(blended, look.odds if look else None, grid, looks.prior), round(blended.confidence, 4)
            )


def _carried_back(
    segment: Segment, keys: Mapping[int, Trimap], plates: Plates, looks: Looks, scratch: _Scratch
) -> _Scratch | None:
    """Carry the last key back over the whole segment; None where there is no key at its end."""
    last = segment.frames[-1]
    if last not in keys:
        return None
    tracker = Tracker(plates.small(last), keys[last], scratch.grid)
    scratch.margin = tracker.margin
    for frame in reversed(segment.frames):
        if frame not in keys:
            look = looks.of(frame)
            scratch.put(frame, tracker.step(plates.small(frame), look), look)
    return scratch


class _Scratch:
    """What is known of each frame once the last key was carried back, in a file: bytes, for a 255th is enough.

    Attributes:
        grid: Of the segment.
        margin: Width of the key's band, in grid pixels.
    """

    def __init__(self, file: BinaryIO, grid: Grid) -> None:
        self.grid, self.margin = grid, 0.0
        self._file = file
        self._places: dict[int, tuple[int, int, float]] = {}

    def put(self, frame: int, carried: Carried, look: Look | None) -> None:
        values = np.concatenate(
            [carried.labels, carried.certainty[None], look.levels() if look else carried.labels[:0]]
        )
        packed = zlib.compress(np.rint(values * 255).astype(np.uint8).tobytes(), 1)
        self._places[frame] = (self._file.tell(), len(packed), carried.trust)
        self._file.write(packed)

    def get(self, frame: int) -> tuple[Carried, Look | None]:
        start, length, trust = self._places[frame]
        self._file.seek(start)
        packed = np.frombuffer(zlib.decompress(self._file.read(length)), np.uint8)
        values = packed.reshape(-1, *self.grid.shape).astype(np.float32) / np.float32(255)
        look = Look.of_levels(values[LABELS + 1 :]) if len(values) > LABELS + 1 else None
        return Carried(values[:LABELS], values[LABELS], trust), look
