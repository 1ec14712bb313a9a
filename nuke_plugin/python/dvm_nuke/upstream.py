"""What is plugged into a node: files that the engine can read by itself, or something that has to be rendered."""

from pathlib import Path
from typing import NamedTuple, Optional

import nuke

from .bridge.errors import UsageError
from .bridge.frames import normalise_pattern
from .names import has_view
from .span import Span

_READABLE = (".exr", ".dpx", ".tif", ".tiff", ".png", ".jpg", ".jpeg")
_TRANSPARENT = ("Dot", "NoOp")
"""Nodes that hand pixels on as they are."""


class Files(NamedTuple):
    """A Read whose files hold just what it shows.

    Attributes:
        pattern: Its files; `%V` in it where each view has its own.
        shot: The frames that it has.
        colorspace: Name that the Read has for their space.
    """

    pattern: str
    shot: Span
    colorspace: str


def source(group: nuke.Node, index: int, role: str) -> nuke.Node:
    """The node that makes an input's picture.

    Raises:
        UsageError: Nothing is plugged in.
    """
    node = group.input(index)
    while node is not None and (node.Class() in _TRANSPARENT):
        node = node.input(0)
    if node is None:
        raise UsageError(f"{group.name()} has no {role}; plug one into its {role} input.")
    return node


def shot_of(node: nuke.Node) -> Span:
    """The frames that a node has."""
    frames = node.frameRange()
    return Span(int(frames.first()), int(frames.last()))


def files(node: nuke.Node, several_views: bool) -> Optional[Files]:
    """The files behind a node, if it is a Read that does nothing to them but bring them into the working space.

    Whatever moves, holds, replaces or unpremultiplies frames makes a Read one that has to be rendered.

    Args:
        node: As `source` found it.
        several_views: Whether the script has several views; then each must have files of its own.
    """
    if node.Class() != "Read":
        return None
    path = str(node["file"].value() or "").replace("\\", "/")
    moved = str(node["frame"].value() or "") not in ("", "0", "frame")
    changed = any(node[knob].value() for knob in ("disable", "premultiplied", "raw"))
    unlike = several_views and not has_view(path)
    if moved or changed or unlike or not _is_plain(path):
        return None
    shot = Span(int(node["first"].value()), int(node["last"].value()))
    return Files(path, shot, str(node["colorspace"].value()))


def _is_plain(path: str) -> bool:
    """Whether the engine, too, finds the frames under this name; a `[` is Tcl, which only Nuke can evaluate."""
    known = Path(path).suffix.lower() in _READABLE
    return known and Path(path).is_absolute() and "[" not in path and normalise_pattern(path).is_sequence
