"""Rendering an input to EXR by the Write inside the group, which is off at every other time."""

from pathlib import Path
from typing import List, Sequence

import nuke

from .bridge.errors import Cancelled, OutputError
from .host import full_resolution, inner, unrecorded
from .names import frames_there

_WRITES = {"plate": (1, "WritePlate"), "trimap": (2, "WriteTrimap")}
"""For each input: the value of the knob `dumping` that switches its Write on, and the Write."""


def render(group: nuke.Group, role: str, frames: Sequence[int], pattern: str, view: str) -> List[str]:
    """Render frames of an input at full resolution, in the working space, as float.

    Nuke shows its own progress bar with a Cancel button meanwhile.

    Args:
        group: A DVM Matte.
        role: `plate` or `trimap`.
        frames: Frame numbers.
        pattern: Where to.
        view: Name of the view.

    Returns:
        The files.

    Raises:
        Cancelled: The artist stopped it.
        OutputError: Nuke could not render or write it.
    """
    number, name = _WRITES[role]
    write = inner(group, name)
    with unrecorded(), full_resolution():
        write["file"].setValue(pattern)
        write["views"].setValue(view)
        group["dumping"].setValue(number)
        try:
            nuke.execute(write, nuke.FrameRanges(list(frames)), [view])
        except RuntimeError as error:
            raise _in_words(role, error) from None
        finally:
            group["dumping"].setValue(0)
            write["file"].setValue("")
    return [pattern % frame for frame in frames]


def remove(pattern: str) -> None:
    """Take a dump's files away, and the view's folder and the dump's, if nothing else is in them."""
    for frame in frames_there(pattern):
        Path(pattern % frame).unlink()
    for folder in list(Path(pattern).parents)[:2]:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def _in_words(role: str, error: RuntimeError) -> Exception:
    if "cancel" in str(error).lower():
        return Cancelled(f"Cancelled while the {role} was rendered; nothing was matted.")
    return OutputError(f"Nuke could not render the {role}: {str(error).strip()}")
