"""Which keys a frame's trimap was propagated from, and how much each of them says about it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence


class ShotKeys:
    """The frames of a shot whose trimaps were painted, where those of the others were propagated from them.

    Args:
        frames: Every frame of the shot, sorted.
        keyed: Those with a painted trimap, sorted; none for a shot in which all trimaps stand for themselves.
    """

    def __init__(self, frames: Sequence[int], keyed: Sequence[int]) -> None:
        self.keyed = tuple(keyed)
        self._places = {frame: place for place, frame in enumerate(frames)}

    def around(self, frame: int) -> tuple[tuple[int, float], ...]:
        """The keys next to a frame of the shot, and their shares, which sum to 1; none for a key itself.

        The nearer key counts more, so that nothing jumps where one segment ends and the next begins.
        """
        after = bisect_left(self.keyed, frame)
        near = self.keyed[max(after - 1, 0) : after + 1]
        if frame in near:
            return ()
        if len(near) < 2:
            return tuple((key, 1.0) for key in near)
        first, here, last = (self._places[at] for at in (near[0], frame, near[1]))
        share = (here - first) / (last - first)
        return ((near[0], 1.0 - share), (near[1], share))

    def needs(self, frames: Sequence[int]) -> set[int]:
        """Some frames of the shot, and the keys next to them."""
        return {*frames, *(key for frame in frames for key, _ in self.around(frame))}
