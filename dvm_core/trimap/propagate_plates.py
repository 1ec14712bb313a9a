"""A segment's plates on the grid, the last few kept, for each frame is looked at together with its neighbours."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dvm_core.bridge.errors import InputError
from dvm_core.trimap.propagate_grid import Grid, Map

ReadPlate = Callable[[int], Map]

_KEPT = 4


class Plates:
    """Plates of one segment.

    Args:
        frames: Of the segment, in order.
        read: Gives the plate of a frame, (H, W, 3) float32 display-referred in [0, 1].
        grid: Of the segment.
    """

    def __init__(self, frames: Sequence[int], read: ReadPlate, grid: Grid) -> None:
        self._frames = tuple(frames)
        self._places = {frame: index for index, frame in enumerate(self._frames)}
        self._read, self._grid = read, grid
        self._kept: dict[int, Map] = {}

    def beside(self, frame: int) -> tuple[int, ...]:
        """The two frames that show what moved: those on both sides, or the next two at the segment's ends."""
        at, last = self._places[frame], len(self._frames) - 1
        wanted = {0: (1, 2), last: (last - 1, last - 2)}.get(at, (at - 1, at + 1))
        return tuple(self._frames[index] for index in wanted if 0 <= index <= last and index != at)

    def small(self, frame: int) -> Map:
        """A plate on the grid, (h, w, 3).

        Raises:
            InputError: It is not of its key's size, or cannot be read.
        """
        if frame not in self._kept:
            plate = self._read(frame)
            if plate.shape != (*self._grid.size, 3):
                height, width = self._grid.size
                raise InputError(
                    f"Expected a plate of {width}x{height} like its key's trimap, found {plate.shape[1]}x"
                    f"{plate.shape[0]}; render the trimap at the plate's format.",
                    frame=frame,
                )
            while len(self._kept) >= _KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[frame] = self._grid.reduce(plate)
        return self._kept[frame]
