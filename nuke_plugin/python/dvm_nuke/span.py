"""Which frames have to be rendered for the engine, so that what it makes does not depend on how much was rendered."""

from typing import NamedTuple, Sequence

from .bridge.frames import format_range

NEIGHBOURS = 4
"""Frames on each side that an alpha may depend on, with any model that there is."""


class Span(NamedTuple):
    """Frames from `first` to `last`, both included."""

    first: int
    last: int

    def __str__(self) -> str:
        return format_range(range(self.first, self.last + 1))

    def holds(self, other: "Span") -> bool:
        """Whether another span lies inside this one."""
        return self.first <= other.first and other.last <= self.last


def with_neighbours(wanted: Span, shot: Span) -> Span:
    """The frames that the wanted ones depend on, if every frame has its trimap.

    Args:
        wanted: Frames to matte.
        shot: Frames that the plate has; past its ends there is nothing to render. The wanted ones always count.
    """
    return Span(
        min(wanted.first, max(wanted.first - NEIGHBOURS, shot.first)),
        max(wanted.last, min(wanted.last + NEIGHBOURS, shot.last)),
    )


def with_corrected(wanted: Span, shot: Span, corrected: Sequence[int]) -> Span:
    """The wanted frames, and the nearest on both sides that were put right by hand: these correct them.

    Args:
        wanted: Frames to matte.
        shot: Frames that the plate has; others have nothing to be compared with.
        corrected: Frames that were put right by hand.
    """
    return _out_to(corrected, wanted, shot)


def between_keys(wanted: Span, shot: Span, keys: Sequence[int]) -> Span:
    """The frames that the wanted ones depend on, if trimaps are propagated from keyframes on both sides.

    Keyframes on which there is neither a plate nor a wanted frame do not count.
    """
    near = with_neighbours(wanted, shot)
    return _out_to(keys, near, Span(min(shot.first, near.first), max(shot.last, near.last)))


def _out_to(marks: Sequence[int], span: Span, within: Span) -> Span:
    """A span, out to the nearest marks on both sides that lie within another."""
    return Span(
        max((mark for mark in marks if within.first <= mark <= span.first), default=span.first),
        min((mark for mark in marks if span.last <= mark <= within.last), default=span.last),
    )
