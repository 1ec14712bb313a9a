"""Nodes: their classes with the knobs that the plug-in and the tests need, groups, and how pictures come about."""

import nuke_images
import nuke_script
from nuke_knobs import Knob, of_user
from nuke_session import main_only, session

_COMMON = {"label": "", "xpos": 0, "ypos": 0, "tile_color": "", "help": "", "disable": False, "selected": False}
_EXPRESSION = {f"{kind}{index}": "" for kind in ("expr", "temp_name", "temp_expr") for index in range(4)}
_HOLDS = ["hold", "loop", "bounce", "black"]
_KNOBS = {
    "Read": {
        "file": "", "first": 1, "last": 1, "origfirst": 1, "origlast": 1, "before": _HOLDS, "after": _HOLDS,
        "frame_mode": ["expression", "start at", "offset"], "frame": "", "raw": False, "premultiplied": False,
        "on_error": ["error", "black", "checkerboard", "nearest frame"], "colorspace": "default (linear)",
        "file_type": "", "reload": None,
    },
    "Write": {
        "file": "", "channels": "rgb", "file_type": "", "datatype": "16 bit half", "compression": "", "raw": False,
        "create_directories": False, "views": "main",
    },
    "Switch": {"which": 0}, "Copy": {"from0": "", "to0": ""}, "Multiply": {"value": 1.0},
    "Shuffle": {name: name for name in nuke_images.CHANNELS}, "Dilate": {"size": 0, "channels": "all"},
    "Expression": _EXPRESSION, "Input": {"number": 0}, "Output": {}, "Premult": {}, "Merge2": {"operation": "over"},
    "Dot": {}, "NoOp": {}, "Group": {},
    "Root": {
        "proxy": False, "first_frame": 1, "last_frame": 100, "colorManagement": ["Nuke", "OCIO"],
        "OCIO_config": "nuke-default", "customOCIOConfigPath": "", "workingSpaceLUT": "linear",
    },
}  # fmt: skip
_KINDS = {bool: "Boolean_Knob", int: "Int_Knob", float: "Double_Knob", str: "String_Knob"}


class FrameRange:
    """Frames from first to last."""

    def __init__(self, first, last):
        self._first, self._last = first, last

    def first(self):
        return self._first

    def last(self):
        return self._last


class Node:
    """A node of any class."""

    def __init__(self, kind, name, parent):
        self._kind = kind
        self._parent = parent
        self._inputs = []
        self._knobs = {}
        self.user = []
        for knob, value in {"name": name, **_COMMON, **_KNOBS[kind]}.items():
            if value is None:
                self._knobs[knob] = Knob(self, "PyScript_Knob", knob)
            elif isinstance(value, list):
                self._knobs[knob] = Knob(self, "Enumeration_Knob", knob, value[0], value)
            else:
                self._knobs[knob] = Knob(self, _KINDS[type(value)], knob, value)

    def Class(self):
        return self._kind

    @main_only
    def __getitem__(self, name):
        if name not in self._knobs:
            raise NameError(f"knob {name} does not exist")
        return self._knobs[name]

    @main_only
    def knob(self, name):
        return self._knobs.get(name)

    def knobs(self):
        return dict(self._knobs)

    def name(self):
        return self._knobs["name"]._value

    def setName(self, name):
        self._knobs["name"].setValue(name)

    def parent(self):
        return self._parent

    def fullName(self):
        above = self._parent.fullName() if self._parent is not None and self._parent is not session.root else ""
        return f"{above}.{self.name()}" if above else self.name()

    def input(self, index):
        return self._inputs[index] if index < len(self._inputs) else None

    def inputs(self):
        return len(self._inputs)

    def setInput(self, index, node):
        self._inputs += [None] * (index + 1 - len(self._inputs))
        self._inputs[index] = node
        return True

    def frameRange(self):
        if self._kind == "Read":
            return FrameRange(self["first"].value(), self["last"].value())
        above = next((node for node in self._inputs if node is not None), None)
        return (
            above.frameRange()
            if above
            else FrameRange(session.root["first_frame"].value(), session.root["last_frame"].value())
        )

    def setSelected(self, selected):
        session.selected = [node for node in session.selected if node is not self] + [self] * selected

    def expression_value(self, name):
        """A name in an expression: a knob of this node or, with `parent.`, of the group around it; choices count."""
        above, _, knob = name.rpartition(".")
        node = self._parent if above == "parent" else self
        return float(node[knob].getValue())

    def add_user_knob(self, user):
        self.user.append(user)
        self._knobs[user.name] = of_user(self, user)

    def picture(self, frame, view):
        """What the node shows at a frame."""
        kind = self._kind
        if kind == "Read":
            return self._read(frame, view)
        if kind == "Switch":
            return self._input_picture(min(int(self["which"].value()), self.inputs() - 1), frame, view)
        if kind == "Input":
            return self._parent._input_picture(int(self["number"].value()), frame, view)
        if kind not in nuke_images.ACTIONS or self["disable"].value():
            return self._input_picture(0, frame, view)
        pictures = [self._input_picture(index, frame, view) for index in range(self.inputs())]
        return nuke_images.ACTIONS[kind](self, pictures)

    def _input_picture(self, index, frame, view):
        node = self.input(index)
        if node is None:
            raise RuntimeError(f"{self.name()}: nothing is connected to input {index}")
        return node.picture(frame, view)

    def _read(self, frame, view):
        first, last = self["first"].value(), self["last"].value()
        held = min(max(frame, first), last)
        path = self["file"].value().replace("%V", view).replace("%v", view[:1])
        picture = nuke_images.read(
            path % held if "%" in path else path, self["raw"].value(), self["colorspace"].value()
        )
        end = self["before" if frame < first else "after"].value()
        if held != frame and end == "black":
            picture = nuke_images.Picture(picture.pixels * 0, picture.box, picture.size, picture.aspect)
        return picture.half() if session.root["proxy"].value() else picture


class Group(Node):
    """A node of nodes."""

    def __init__(self, kind, name, parent):
        super().__init__(kind, name, parent)
        self._children = []

    def nodes(self):
        return list(self._children)

    def node(self, name):
        return next((node for node in self._children if node.name() == name), None)

    def picture(self, frame, view):
        output = next(node for node in self._children if node.Class() == "Output")
        return output.picture(frame, view)

    def adopt(self, node, wanted):
        """Take a node in, under a name that no other has."""
        stem = wanted.rstrip("0123456789") or wanted
        names = {child.name() for child in self._children}
        name, number = wanted, 0
        while name in names:
            number += 1
            name = f"{stem}{number}"
        node._knobs["name"]._value = name
        self._children.append(node)


class Root(Group):
    """The script."""

    def name(self):
        return self._knobs["name"]._value

    def fullName(self):
        return "root"


def build(parsed, parent, rename):
    """Make the nodes of a parsed script inside a group; `rename` gives the outermost ones' names.

    A group's callback comes before what is inside of it exists: so the plug-in may count on its own knobs alone.
    """
    made = {}
    for item in parsed:
        if item.kind == "Root":
            _fill(session.root, item)
            session.root["name"].setValue(item.name)
            continue
        node = (Group if item.kind == "Group" else Node)(item.kind, "", parent)
        parent.adopt(node, rename(item.name))
        _fill(node, item)
        node._inputs = [made[id(source)] if source is not None else None for source in item.inputs]
        made[id(item)] = node
        for call, kind in session.on_create:
            if kind == item.kind:
                session.this_node.append(node)
                call()
                session.this_node.pop()
        if item.kind == "Group":
            build(item.children, node, str)
    return list(made.values())


def _fill(node, item):
    for user in item.user:
        node.add_user_knob(user)
    for name, value in item.knobs.items():
        if name != "name":
            node[name].fromScript(value)


def to_script(nodes):
    """The text of nodes that stand side by side, with the connections among them."""
    lines, done = [], {}

    def emit(node):
        if id(node) in done:
            return
        sources = [source for source in node._inputs if source in nodes]
        for source in sources:
            emit(source)
        for source in reversed(node._inputs):
            lines.append(f"push ${done[id(source)]}" if source in nodes else "push 0")
        body = [f"inputs {node.inputs()}"]
        body += [f"addUserKnob {{{user.raw}}}" for user in node.user]
        for name, knob in node.knobs().items():
            value = knob.toScript()
            if value is not None and knob.Class() != "PyScript_Knob":
                body.append(f"{name} {value if knob.hasExpression() else nuke_script.quote(value)}")
        lines.append(node.Class() + " {\n " + "\n ".join(body) + "\n}")
        if isinstance(node, Group):
            lines.append(to_script(node.nodes()) + "\nend_group")
        done[id(node)] = f"N{id(node)}"
        lines.append(f"set N{id(node)} [stack 0]")

    for node in nodes:
        emit(node)
    return "\n".join(lines)
