"""Bookkeeping of a sliding window: which frames are in reach, which alphas are final, what may be forgotten."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dvm_core.model.network import Window


@dataclass(frozen=True)
class Span:
    """A run of neighbouring frames to read, some of them to be written.

    Attributes:
        frames: Frame numbers in order, neighbours included.
        wanted: Those of them that are written.
    """

    frames: tuple[int, ...]
    wanted: frozenset[int]


def reach(window: Window) -> int:
    """Frames on each side that can change a frame's alpha.

    Its neighbours do, and a neighbour is encoded over all the unknown pixels that it serves, which its own neighbours'
    trimaps tell.
    """
    return window.past + window.future


def neighbours(frame: int, window: Window, count: int) -> list[int]:
    """Positions in the window of `frame`, oldest first; past either end of a shot of `count` its last frame repeats."""
    around = range(frame - window.past, frame + window.future + 1)
    return [min(max(position, 0), count - 1) for position in around]


def served(frame: int, window: Window, count: int) -> range:
    """Positions of the frames in whose window `frame` stands."""
    return range(max(frame - window.future, 0), min(frame + window.past, count - 1) + 1)


def spans(shot: Sequence[int], wanted: Sequence[int], window: Window) -> Iterator[Span]:
    """Cut a shot into the runs that must be read to write `wanted`.

    Args:
        shot: Every frame number of the shot, sorted.
        wanted: Frame numbers to write, sorted, all in `shot`.
        window: The model's window.
    """
    position = {frame: index for index, frame in enumerate(shot)}
    margin, last = reach(window), len(shot) - 1
    run: list[int] = []
    begin = end = 0
    for frame in wanted:
        first, final = max(position[frame] - margin, 0), min(position[frame] + margin, last)
        if run and first > end + 1:
            yield Span(tuple(shot[begin : end + 1]), frozenset(run))
            run = []
        begin, end = (begin if run else first), final
        run.append(frame)
    if run:
        yield Span(tuple(shot[begin : end + 1]), frozenset(run))
