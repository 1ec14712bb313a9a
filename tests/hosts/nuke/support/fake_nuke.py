"""Nuke's Python module, as far as the plug-in uses it, by hand. Every name in it is one that Nuke has.

It loads the real gizmos, evaluates their graphs, renders real EXRs, takes calls for its main thread from other threads
and refuses to be touched by them otherwise.
"""

from pathlib import Path

import nuke_images
import nuke_script
from nuke_nodes import FrameRange, Group, Node, Root, build, to_script
from nuke_session import main_only, session

__all__ = [
    "GUI", "FrameRange", "FrameRanges", "Group", "Node", "ProgressTask", "Root", "Undo", "addOnCreate", "allNodes",
    "createNode", "delete", "execute", "executeInMainThread", "frame", "menu", "message", "nodeCopy", "nodePaste",
    "pluginAddPath", "root", "scriptClear", "scriptOpen", "scriptSaveAs", "selectedNodes", "thisNode", "toNode",
    "tprint", "views",
]  # fmt: skip

GUI = True


class FrameRanges:
    """Frames, from a list of their numbers."""

    def __init__(self, frames):
        self._frames = [int(frame) for frame in frames]

    def toFrameList(self):
        return list(self._frames)


class ProgressTask:
    """A progress bar, for any thread; it closes when the last reference to it goes."""

    def __init__(self, name):
        self._bar = _Bar()
        session.progress.append(self._bar)

    def isCancelled(self):
        return self._bar.cancelled

    def setMessage(self, text):
        self._bar.texts.append(text)

    def setProgress(self, value):
        self._bar.values.append(value)

    def __del__(self):
        self._bar.open = False


class _Bar:
    """What the artist sees of it; that does not keep it open."""

    def __init__(self):
        self.open, self.cancelled, self.values, self.texts = True, False, [], []


class Undo:
    """The undo list."""

    @staticmethod
    def disable():
        session.undo_off += 1

    @staticmethod
    def enable():
        session.undo_off -= 1

    @staticmethod
    def begin(name=""):
        session.undo_group = []

    @staticmethod
    def end():
        session.undo_steps.append(session.undo_group)
        session.undo_group = None

    @staticmethod
    def undo():
        for change in reversed(session.undo_steps.pop()):
            change()


def executeInMainThread(call, args=(), kwargs=None):
    session.main_queue.put((call, args if isinstance(args, tuple) else (args,), kwargs or {}))


@main_only
def message(text):
    session.messages.append(text)


def tprint(*words):
    session.printed.append(" ".join(words))


def pluginAddPath(path):
    import sys

    folder = (Path(session.plugin_path[0]) / path).resolve()
    session.plugin_path.append(str(folder))
    if str(folder) not in sys.path:
        sys.path.append(str(folder))


def addOnCreate(call, args=(), kwargs=None, nodeClass="*"):
    session.on_create.append((call, nodeClass))


class _Menu:
    def __init__(self):
        self.commands = {}

    def addMenu(self, name):
        return session.menu.setdefault(name, _Menu())

    def addCommand(self, name, command):
        self.commands[name] = command

    def addSeparator(self):
        pass


def menu(name):
    return session.menu.setdefault(name, _Menu())


def root():
    return session.root


def views():
    return list(session.views)


@main_only
def frame(number=None):
    if number is not None:
        session.frame = number
    return session.frame


@main_only
def thisNode():
    return session.this_node[-1]


def selectedNodes():
    return list(session.selected)


@main_only
def allNodes(filter=None, group=None, recurseGroups=False):
    nodes = []
    for node in (group or session.root).nodes():
        nodes.append(node)
        if recurseGroups and isinstance(node, Group):
            nodes += allNodes(None, node, True)
    return [node for node in nodes if filter is None or node.Class() == filter]


@main_only
def toNode(name):
    node = session.root
    for part in name.split("."):
        node = node.node(part) if node is not None else None
    return node


@main_only
def createNode(kind, knobs="", inpanel=True):
    for folder in session.plugin_path:
        gizmo = Path(folder) / f"{kind}.gizmo"
        if gizmo.exists():
            return build(nuke_script.load(gizmo.read_text()), session.root, lambda name: f"{name}1")[0]
    return build(nuke_script.load(f"{kind} {{\n inputs 0\n {knobs}\n}}"), session.root, lambda name: f"{name}1")[0]


@main_only
def delete(node):
    node.parent()._children.remove(node)


@main_only
def execute(node, frames, views=None):
    """Render a Write; a disabled one renders nothing."""
    if session.rendering:
        raise RuntimeError("I'm already executing something else")
    if node["disable"].value():
        return
    session.rendering = True
    try:
        wanted = views or session.views
        for view in [name for name in wanted if name in node["views"].value().split()]:
            for number in frames.toFrameList():
                _render(node, number, view)
    finally:
        session.rendering = False


def _render(node, number, view):
    path = Path((node["file"].value().replace("%V", view)) % number)
    if node["create_directories"].value():
        path.parent.mkdir(parents=True, exist_ok=True)
    names = [name for name in nuke_images.CHANNELS if name != "alpha" or node["channels"].value() == "rgba"]
    nuke_images.write(path, node._input_picture(0, number, view), names)
    session.rendered.append((node.fullName(), number, view))


@main_only
def nodeCopy(path):
    Path(path).write_text(to_script(session.selected))


@main_only
def nodePaste(path):
    return build(nuke_script.load(Path(path).read_text()), session.root, str)[-1]


@main_only
def scriptSaveAs(path, overwrite=0):
    session.root["name"].setValue(str(path))
    knobs = " ".join(
        f"{name} {nuke_script.quote(knob.toScript())}"
        for name, knob in session.root.knobs().items()
        if knob.toScript() is not None
    )
    Path(path).write_text(f"Root {{ {knobs} }}\n{to_script(session.root.nodes())}")


@main_only
def scriptClear():
    session.root = Root("Root", "Root", None)


@main_only
def scriptOpen(path):
    scriptClear()
    build(nuke_script.load(Path(path).read_text()), session.root, str)
