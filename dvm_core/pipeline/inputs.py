"""Read a shot's frames, and name by a hash all that decides a frame's alpha besides settings and weights."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from dvm_core.io.plate import Plate
from dvm_core.model.colour_model import KnownColours
from dvm_core.pipeline.patience import Say, Stamp, patiently, stamp
from dvm_core.pipeline.regions import Box, union
from dvm_core.pipeline.session import MattingSession
from dvm_core.pipeline.shot import Shot
from dvm_core.pipeline.windows import neighbours, reach, served

_CHUNK = 1 << 20
_THREADS = 8  # they wait for the disk or the network

Result = TypeVar("Result")


class Given(NamedTuple):
    """A frame as it is read.

    Attributes:
        plate: Its pixels.
        trimap: (H, W) uint8 of 0, 128 and 255.
        keys: Known colours of the keys that its trimap was propagated from, where the model asks for them.
    """

    plate: Plate
    trimap: NDArray[np.uint8]
    keys: KnownColours | None


class _Content(NamedTuple):
    """One frame's hashes, and what its alpha is computed over; `keys` says what it takes from which keys."""

    plate: bytes
    trimap: bytes
    keys: bytes
    region: Box | None


class Inputs:
    """A shot's frames and the names of their contents.

    An alpha depends on the plates (as files, for it keeps something of their headers) and the trimaps (as values,
    wherever they come from) of its window; and on the region over which each of these frames is encoded, which follows
    from where the trimaps of the frames that it serves, up to `reach` frames away, are unknown. Where trimaps were
    propagated, it also depends on the keys around each frame of the window, if the model asks for them. Where frames
    were put right by hand, it also depends on the nearest of these, on how far they are, and on all that their own
    alphas would depend on.

    Args:
        shot: Where the frames are.
        session: Its window and regions, once it has its plan.
        say: Told of each frame that must be read again: a sentence and the frame.
    """

    def __init__(self, shot: Shot, session: MattingSession, say: Say) -> None:
        self._shot = shot
        self._window = session.window
        self._region = session.region
        self._keyed, self._known_colours = session.keyed, session.known_colours
        self._say = say
        self._positions = {frame: position for position, frame in enumerate(shot.frames)}
        self._contents: dict[int, _Content] = {}
        self._alphas: dict[int, bytes] = {}
        self._files: dict[Path, tuple[Stamp, bytes]] = {}
        self._key_names: dict[int, bytes] = {}
        self._key_colours: dict[int, KnownColours | None] = {}

    def read(self, frame: int) -> Given:
        """A frame with all that its alpha is made from.

        Raises:
            InputError: A file cannot be read, now or after some patience.
        """

        def read() -> tuple[Plate, NDArray[np.uint8]]:
            # The hash comes first: pixels newer than their name are only made again, older ones would be kept.
            file = self._plate(frame)
            plate, trimap = self._shot.plate.read(frame), self._shot.trimap.read(frame)
            self._contents[frame] = self._content(frame, file, trimap)
            return plate, trimap

        keys = self._keys_of(frame)  # first, so that no more than one plate is held here
        return Given(*self._patiently(read, frame), keys)

    def trimap(self, frame: int) -> NDArray[np.uint8]:
        """A frame's trimap alone, as `read` gives it; InputError as there."""
        return self._patiently(lambda: self._shot.trimap.read(frame), frame)

    def corrected(self, frame: int) -> NDArray[np.float32]:
        """The alpha, (H, W) in [0, 1], of a frame that was put right by hand; InputError as for `read`."""

        def read() -> NDArray[np.float32]:
            self._alphas[frame] = self._file(self._shot.corrected.path(frame))
            return self._shot.corrected.read(frame, self._shot.size)

        return patiently(read, [self._shot.corrected.path(frame)], frame=frame, say=self._say)

    def look(self, frames: Sequence[int]) -> None:
        """Read all that `name` needs for some frames: plates by several threads, trimaps in order.

        Raises:
            InputError: One of the files cannot be read.
        """
        corrected = self._shot.corrected.around(frames)
        middles = {*frames, *corrected}
        around = sorted({frame for middle in middles for frame in self._around(middle)} - set(self._contents))
        with ThreadPoolExecutor(_THREADS) as pool:
            files = pool.map(lambda frame: self._patiently(lambda: self._plate(frame), frame), around)
            for frame, file in zip(around, files, strict=True):
                self._contents[frame] = self._content(frame, file, self.trimap(frame))
        for frame in corrected:
            path = self._shot.corrected.path(frame)
            self._alphas[frame] = patiently(partial(self._file, path), [path], frame=frame, say=self._say)

    def name(self, frame: int) -> str:
        """Hash of all that decides a frame's alpha; what it is made from has been read or looked at."""
        digest = hashlib.blake2b(b"".join(self._window_of(frame)), digest_size=16)
        for near in self._shot.corrected.near(frame):
            distance = f"{near - frame}".encode()  # it weighs what is carried, and frames that are held look alike
            digest.update(b"".join((distance, self._alphas[near], *self._window_of(near))))
        return digest.hexdigest()

    def _window_of(self, frame: int) -> Iterator[bytes]:
        """What names each frame of a frame's window."""
        count = len(self._shot.frames)
        for near in neighbours(self._positions[frame], self._window, count):
            content = self._at(near)
            regions = [box for far in served(near, self._window, count) if (box := self._at(far).region) is not None]
            yield content.plate + content.trimap + content.keys + f"{union(regions) if regions else None}".encode()

    def _at(self, position: int) -> _Content:
        return self._contents[self._shot.frames[position]]

    def _around(self, frame: int) -> tuple[int, ...]:
        """The frames within reach of a frame, itself included."""
        position, far = self._positions[frame], reach(self._window)
        return self._shot.frames[max(position - far, 0) : position + far + 1]

    def _content(self, frame: int, plate: bytes, trimap: NDArray[np.uint8]) -> _Content:
        keys = (self._key_name(key) + f"{share}".encode() for key, share in self._keys_around(frame))
        return _Content(plate, _values(trimap), b"".join(keys), self._region(trimap))

    def _keys_around(self, frame: int) -> tuple[tuple[int, float], ...]:
        """The keys that a frame's alpha depends on, and their shares."""
        return self._shot.keys.around(frame) if self._keyed else ()

    def _key_name(self, key: int) -> bytes:
        """Hash of what a key tells others; found out once a job, before its pixels are read."""
        if key not in self._key_names:
            self._key_names[key] = self._patiently(lambda: self._plate(key), key) + _values(self.trimap(key))
        return self._key_names[key]

    def _keys_of(self, frame: int) -> KnownColours | None:
        """What the keys around a frame know, by their shares; the colours of no other keys are kept."""
        around = self._keys_around(frame)
        if not around:
            return None
        read = self._key_colours
        self._key_colours = {key: read[key] if key in read else self._colours_of(key) for key, _ in around}
        return self._shot.keys.tell(frame, self._key_colours.__getitem__)

    def _colours_of(self, key: int) -> KnownColours | None:
        self._key_name(key)  # first, as in `read`
        plate = self._patiently(lambda: self._shot.plate.read(key), key)
        return self._known_colours(plate.display, self.trimap(key))

    def _patiently(self, read: Callable[[], Result], frame: int) -> Result:
        paths = (self._shot.plate.sequence.path(frame), self._shot.trimap.path(frame))
        return patiently(read, paths, frame=frame, say=self._say)

    def _plate(self, frame: int) -> bytes:
        """Hash of the plate's file, which may be one movie for all frames."""
        return self._file(self._shot.plate.sequence.path(frame))

    def _file(self, path: Path) -> bytes:
        now = stamp(path)
        known = self._files.get(path)
        if known is None or known[0] != now:
            known = self._files[path] = now, _file_hash(path)
        return known[1]


def _values(trimap: NDArray[np.uint8]) -> bytes:
    return hashlib.blake2b(trimap.tobytes(), digest_size=16).digest()


def _file_hash(path: Path) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.digest()
