"""Nuke itself, as the rest of the plug-in needs it: its threads, its undo list, its root, its nodes by identity."""

import threading
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional

import nuke

from .bridge.errors import UsageError
from .colour import Management

IDENTITY = "dvm_id"
"""Hidden knob that tells one DVM Matte from every other, whatever it is called."""


def in_main_thread(call: Callable[..., Any], *arguments: Any) -> None:
    """Run a call in Nuke's main thread, soon; at once where this is it. Only there nodes may be touched."""
    if threading.current_thread() is threading.main_thread():
        call(*arguments)
    else:
        nuke.executeInMainThread(call, arguments)


@contextmanager
def unrecorded() -> Iterator[None]:
    """Changes that the plug-in makes by itself, which Ctrl-Z must not take back."""
    nuke.Undo.disable()
    try:
        yield
    finally:
        nuke.Undo.enable()


@contextmanager
def one_step(name: str) -> Iterator[None]:
    """Changes that the artist asked for by a button: one step of undo."""
    nuke.Undo.begin(name)
    try:
        yield
    finally:
        nuke.Undo.end()


@contextmanager
def full_resolution() -> Iterator[None]:
    """Proxy mode off: what is rendered for the engine must have the plate's pixels."""
    proxy = nuke.root()["proxy"]
    before = bool(proxy.value())
    proxy.setValue(False)
    try:
        yield
    finally:
        proxy.setValue(before)


def matte_nodes() -> List[nuke.Group]:
    """Every DVM Matte of the script, those inside other groups too."""
    groups = nuke.allNodes("Group", nuke.root(), recurseGroups=True)
    return [node for node in groups if isinstance(node, nuke.Group) and node.knob(IDENTITY) is not None]


def find(identity: str) -> Optional[nuke.Group]:
    """The node with an identity; None if it was deleted, or its script closed, meanwhile."""
    return next((node for node in matte_nodes() if node[IDENTITY].value() == identity), None)


def management() -> Management:
    """The colour management of the script."""
    ocio = _of_root("colorManagement") == "OCIO" and _of_root("OCIO_config") != "nuke-default"
    custom = ocio and _of_root("OCIO_config") == "custom"
    return Management(ocio, _of_root("workingSpaceLUT"), _of_root("customOCIOConfigPath") if custom else "")


def _of_root(name: str) -> str:
    """A setting of the script; "" in a Nuke that has no such setting."""
    knob = nuke.root().knob(name)
    return "" if knob is None else str(knob.value())


def script_values(node: nuke.Node) -> Dict[str, str]:
    """The tokens' values for a node's output template; an unsaved script has no folder and no name."""
    path = Path(str(nuke.root().name()))
    saved = path.is_absolute()
    return {
        "folder": path.parent.as_posix() if saved else "",
        "script": path.stem if saved else "",
        "node": str(node.name()),
        "id": str(node[IDENTITY].value()),
    }


def only_group(node: nuke.Node) -> nuke.Group:
    """The node as the group that each of ours is.

    Raises:
        UsageError: It is another node.
    """
    if not isinstance(node, nuke.Group) or node.knob(IDENTITY) is None:
        raise UsageError("This is no DVM Matte node; select one.")
    return node


def inner(group: nuke.Group, name: str) -> nuke.Node:
    """A node inside the group.

    Raises:
        UsageError: Somebody took it out.
    """
    node = group.node(name)
    if node is None:
        raise UsageError(f"{group.name()} has lost its inner node {name}; make a new DVM Matte.")
    return node
