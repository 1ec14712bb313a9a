"""The list of trimap keyframes, as the node keeps it in one line of text: `1001, 1024, 1100`."""

from typing import Optional, Sequence, Tuple

from .bridge.errors import UsageError
from .bridge.frames import parse_range


def read(text: str) -> Tuple[int, ...]:
    """Frame numbers of a list, sorted; ranges (`1001-1010`) are frames too.

    Raises:
        UsageError: It is no list of frames.
    """
    parts = text.replace(",", " ").split()
    try:
        return parse_range(",".join(parts)) if parts else ()
    except UsageError as error:
        raise UsageError(f"Trimap keyframes: {error.message}") from None


def write(frames: Sequence[int]) -> str:
    """The list that `read` gives back."""
    return ", ".join(str(frame) for frame in sorted(set(frames)))


def previous(frames: Sequence[int], frame: int) -> Optional[int]:
    """The nearest keyframe before a frame."""
    return max((key for key in frames if key < frame), default=None)


def following(frames: Sequence[int], frame: int) -> Optional[int]:
    """The nearest keyframe after a frame."""
    return min((key for key in frames if key > frame), default=None)
