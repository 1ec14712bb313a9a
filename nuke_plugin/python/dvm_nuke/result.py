"""Alphas back in Nuke: the Reads inside the group show what stands on disk. Nothing here ever asks the engine."""

from typing import List, cast

import nuke

from .host import inner, unrecorded
from .names import frames_there, of_view
from .panel import Panel


def attach(group: nuke.Group, panel: Panel) -> str:
    """Show the alphas that are on disk, and the foregrounds if there are some.

    Their path is baked into the Reads, so that a farm, or a Nuke without this plug-in, shows the same.

    Returns:
        How many there are, for the status line.
    """
    there = _frames(panel.output, panel)
    if not there:
        return "No alphas yet."
    with unrecorded():
        _show(inner(group, "Alpha"), panel.output, there, panel)
        foregrounds = _frames(panel.foreground, panel)
        if foregrounds:
            _show(inner(group, "Foreground"), panel.foreground, foregrounds, panel)
        group["matted"].setValue(True)
    return summary(panel)


def summary(panel: Panel) -> str:
    """How many of the wanted frames have an alpha."""
    total = panel.wanted.last - panel.wanted.first + 1
    done = sum(panel.wanted.first <= frame <= panel.wanted.last for frame in _frames(panel.output, panel))
    return f"{done} of {total} frames are matted."


def _show(read: nuke.Node, pattern: str, there: List[int], panel: Panel) -> None:
    """Point a Read to files; its range is the wanted one, so that what is missing inside is an error, not a hold."""
    first, last = min(panel.wanted.first, there[0]), max(panel.wanted.last, there[-1])
    read["file"].setValue(pattern)
    for knob, frame in (("first", first), ("last", last), ("origfirst", first), ("origlast", last)):
        read[knob].setValue(frame)
    cast("nuke.Script_Knob", read["reload"]).execute()


def _frames(pattern: str, panel: Panel) -> List[int]:
    return frames_there(of_view(pattern, panel.views[0]))
