"""Which frames a command works on, and whether it may write them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dvm_core.bridge.errors import InputError, OutputError
from dvm_core.bridge.frames import format_range, parse_range

ONLY_FRAME = 1
"""Frame number of a picture whose name has none."""


def chosen_frames(there: Sequence[int], wanted: str, what: str) -> tuple[int, ...]:
    """The frames to work on.

    Args:
        there: Frame numbers on disk; empty for a single picture without a number.
        wanted: A frame range; "" for all there are.
        what: What they are frames of, to begin a sentence with.

    Raises:
        UsageError: `wanted` is no frame range.
        InputError: A wanted frame is not there.
    """
    frames = tuple(there) or (ONLY_FRAME,)
    if not wanted:
        return frames
    chosen = parse_range(wanted)
    missing = sorted(set(chosen) - set(frames))
    if missing:
        raise InputError(
            f"{what} has no frame {format_range(missing)}; it has {format_range(frames)}.", frame=missing[0]
        )
    return chosen


def refuse_existing(paths: Sequence[Path], overwrite: bool) -> None:
    """Refuse to write over files that are there, unless asked to.

    Raises:
        OutputError: One is there; the first is named.
    """
    there = next((path for path in paths if path.exists()), None)
    if there is not None and not overwrite:
        raise OutputError(f"{there} is there already; use --overwrite to write it again.", path=there)
