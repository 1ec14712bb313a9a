"""What happens to a DVM Matte when it appears: made, pasted, or opened with a script."""

import uuid

import nuke

from . import panel, result
from .bridge.errors import UsageError
from .host import IDENTITY, matte_nodes, unrecorded


def register() -> None:
    """Ask Nuke to tell of every new group; with or without a window, and without ever starting an engine."""
    nuke.addOnCreate(on_create, nodeClass="Group")


def on_create() -> None:
    """Give the new node an identity of its own, and bring it to rest however its script was left."""
    node = nuke.thisNode()
    if node.knob(IDENTITY) is None:
        return
    with unrecorded():
        if not node[IDENTITY].value() or _is_taken(node):
            node[IDENTITY].setValue(uuid.uuid4().hex[:8])
        node["dumping"].setValue(0)  # a script saved by a crash while it rendered an input
        node["status"].setValue(_status(node) if nuke.GUI else "")


def _is_taken(node: nuke.Node) -> bool:
    """Whether another node has the same identity: this one is a pasted copy, and must write to files of its own."""
    mine = (node[IDENTITY].value(), node.fullName())
    return any(other[IDENTITY].value() == mine[0] and other.fullName() != mine[1] for other in matte_nodes())


def _status(node: nuke.Node) -> str:
    try:
        return result.summary(panel.read(node))
    except UsageError:
        return "Nothing is matted yet."
