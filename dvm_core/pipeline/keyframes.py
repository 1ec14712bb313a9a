"""Keyframe trimaps as a trimap for every frame of a shot, propagated where they are asked for."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dvm_core.bridge.errors import InputError
from dvm_core.bridge.frames import format_range
from dvm_core.io.header import ImageHeader
from dvm_core.io.plate import PlateReader
from dvm_core.io.trimap_file import TrimapReader
from dvm_core.pipeline.patience import Say, patiently
from dvm_core.trimap.propagate import Propagated, Segment, propagate_segment, segments

Trimap = NDArray[np.uint8]


class KeyframeTrimaps:
    """A `TrimapSource` between keyframes; safe to share between threads.

    A segment is propagated up to the frame that is asked for, and kept packed: a trimap packs to some kilobytes. Each
    key and plate that this takes is read with patience, for it is not the file that whoever asks watches.

    Args:
        keys: Where the keys are.
        plate: The plates.
        shot: Every frame of the shot, sorted.
        first: Frame that a key whose file has no number is on.
        say: Told of each file that must be read again: a sentence and the frame.

    Raises:
        InputError: No key is on a frame of the shot.
    """

    def __init__(self, keys: TrimapReader, plate: PlateReader, shot: Sequence[int], first: int, *, say: Say) -> None:
        self._keys, self._plate, self._say = keys, plate, say
        there = set(plate.frames)
        self.frames = tuple(frame for frame in shot if frame in there)
        given = (first,) if keys.single is not None else keys.frames
        self.keyed = tuple(frame for frame in given if frame in set(self.frames))
        if not self.keyed:
            raise InputError(
                f"Expected keyframe trimaps on frames of the shot ({format_range(self.frames) or 'which has none'}), "
                f"found {format_range(given) or 'none'}; paint one on a frame that the shot has."
            )
        self._segments = segments(self.frames, self.keyed)
        self._running: dict[Segment, Iterator[Propagated]] = {}
        self._packed: dict[int, bytes] = {}
        self._lock = threading.RLock()
        self.confidence: dict[int, float] = {}

    def path(self, frame: int) -> Path:
        """File of the key that a frame is or follows; before the first key, of that one."""
        return self._keys.path(self._key(frame))

    def header(self, frame: int) -> ImageHeader:
        """Header of that key; InputError for a damaged one."""
        return self._keys.header(self._key(frame))

    def needs(self, frames: Sequence[int]) -> set[int]:
        """Frames whose plates or keys are read to give some frames their trimaps: whole segments, but of keys alone."""
        given = set(frames)
        between = given.difference(self.keyed)
        return given.union(*(part.frames for part in self._segments if not between.isdisjoint(part.frames)))

    def read(self, frame: int) -> Trimap:
        """(H, W) of 0, 128 and 255, a key's own or propagated from the keys around.

        Raises:
            InputError: A key or a plate of the segment cannot be read, or their sizes differ.
        """
        if frame in self.keyed:
            self.confidence[frame] = 1.0
            return self._read_key(frame)
        with self._lock:
            segment = self._segment(frame)
            while frame not in self._packed:
                found = self._next(segment)
                self._packed[found.frame] = zlib.compress(found.trimap.tobytes(), 1)
                self.confidence[found.frame] = found.confidence
            packed = self._packed[frame]
        header = self.header(frame)
        return np.frombuffer(zlib.decompress(packed), np.uint8).reshape(header.height, header.width)

    def _key(self, frame: int) -> int:
        return frame if frame in self.keyed else self._segment(frame).keys[0]

    def _segment(self, frame: int) -> Segment:
        for segment in self._segments:
            if segment.frames[0] <= frame <= segment.frames[-1] and frame in segment.frames:
                return segment
        raise InputError("There is neither a plate nor a trimap of this frame; add them.", frame=frame)

    def _next(self, segment: Segment) -> Propagated:
        """The next frame of a segment that is on its way; after a fault it sets out anew."""
        if segment not in self._running:
            keys = {frame: self._read_key(frame) for frame in segment.keys}
            self._running[segment] = propagate_segment(segment, keys, self._read_plate)
        try:
            return next(self._running[segment])
        except InputError:
            del self._running[segment]
            raise

    def _read_key(self, frame: int) -> Trimap:
        return patiently(lambda: self._keys.read(frame), [self._keys.path(frame)], frame=frame, say=self._say)

    def _read_plate(self, frame: int) -> NDArray[np.float32]:
        path = self._plate.sequence.path(frame)
        return patiently(lambda: self._plate.read(frame).display, [path], frame=frame, say=self._say)
