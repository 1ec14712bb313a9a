"""Which keys a frame's trimap was propagated from, and how much each of them says about it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from dvm_core.bridge.frames import format_range
from dvm_core.model.colour_model import KnownColours


class ShotKeys:
    """The frames of a shot whose trimaps were painted, where those of the others were propagated from them.

    Args:
        keyed: Frames with a painted trimap, sorted; none for a shot in which all trimaps stand for themselves.
    """

    def __init__(self, keyed: Sequence[int]) -> None:
        self.keyed = tuple(keyed)

    def around(self, frame: int) -> tuple[tuple[int, float], ...]:
        """The keys next to a frame, and their shares, which sum to 1; none for a key itself.

        The nearer key counts more, so that nothing jumps where one segment ends and the next begins. Frame numbers say
        how near: a task of a farm may not see how many frames there are between.
        """
        after = bisect_left(self.keyed, frame)
        near = self.keyed[max(after - 1, 0) : after + 1]
        if frame in near:
            return ()
        if len(near) < 2:
            return tuple((key, 1.0) for key in near)
        first, last = near
        share = (frame - first) / (last - first)
        return ((first, 1.0 - share), (last, share))

    def tell(self, frame: int, known: Callable[[int], KnownColours | None]) -> KnownColours | None:
        """What the keys next to a frame know, by their shares; None where there are none, or the model asks none.

        Args:
            frame: Its number.
            known: Gives what a key knows.
        """
        parts = [(colours, share) for key, share in self.around(frame) if (colours := known(key)) is not None]
        return KnownColours.mixed(parts) if parts else None

    def needs(self, frames: Collection[int]) -> set[int]:
        """Some frames, and the keys next to them."""
        return {*frames, *(key for frame in frames for key, _ in self.around(frame))}

    def unlike(self, training: Mapping[str, Any]) -> str:
        """What to know where a model's finished frames were drawn with other colours of keys than a matte is; else "".

        Args:
            training: Of the model's record, as `dvm finetune` writes it; its name begins the sentence.
        """
        learnt, keys = training.get("keys", ""), format_range(self.keyed)
        if not training.get("corrections") or bool(learnt) == bool(keys):
            return ""
        if keys:
            found, remedy = f"without keys, but trimaps here were propagated from frames {keys}", "finetune it with"
        else:
            found, remedy = f"with keys on frames {learnt}, but this job has none", "give it"
        return f"was finetuned {found}; {remedy} --keys {learnt or keys}, or what it carries to other frames may err."
