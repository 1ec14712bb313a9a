"""Nuke's script language, evaluated by a real Tcl: scripts and gizmos become trees of nodes, with their connections."""

import tkinter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


class ScriptError(Exception):
    """A script that Nuke could not load."""


@dataclass
class UserKnob:
    """One `addUserKnob`, its raw text kept so that it can be written back."""

    raw: str
    kind: int
    name: str
    options: dict[str, str] = field(default_factory=dict)
    flags: list[str] = field(default_factory=list)


@dataclass
class Parsed:
    """A node as the script has it: knobs in order, inputs (index 0 is the top of the stack), nodes inside it."""

    kind: str
    knobs: dict[str, str]
    user: list[UserKnob]
    inputs: list["Parsed | None"] = field(default_factory=list)
    children: list["Parsed"] = field(default_factory=list)
    is_open: bool = False

    @property
    def name(self) -> str:
        return self.knobs.get("name", self.kind)


_WORDS_AFTER = {"l": 1, "t": 1, "T": 1, "M": 1, "R": 2}
_GROUPS = ("Group", "Gizmo")
_LIST = tkinter.Tcl()


def split(text: str) -> list[str]:
    """The words of a Tcl list."""
    try:
        return list(_LIST.splitlist(text))
    except tkinter.TclError as error:
        raise ScriptError(str(error)) from None


def quote(text: str) -> str:
    """Text as one word of Tcl."""
    _LIST.setvar("word", text)
    return str(_LIST.eval("list $word"))


def load(text: str) -> list[Parsed]:
    """The nodes of a script, in order."""
    return _Loader().load(text)


def _user_knob(raw: str) -> UserKnob:
    words = split(raw)
    if len(words) < 2 or not words[0].isdecimal():
        raise ScriptError(f"addUserKnob wants a type and a name: {raw!r}")
    knob = UserKnob(raw, int(words[0]), words[1])
    rest = iter(words[2:])
    for word in rest:
        if word[:1] in "+-" and word[1:].isupper():
            knob.flags.append(word)
        elif word in _WORDS_AFTER:
            values = [next(rest, None) for _ in range(_WORDS_AFTER[word])]
            if None in values:
                raise ScriptError(f"addUserKnob {knob.name}: nothing after {word}")
            knob.options[word] = " ".join(values)
        else:
            raise ScriptError(f"addUserKnob {knob.name}: no option is called {word!r}")
    return knob


class _Loader:
    """A safe interpreter, in which every command that Tcl has not is a node."""

    def __init__(self) -> None:
        self._levels: list[tuple[list[Parsed], list[Parsed | None]]] = [([], [])]
        self._known: list[Parsed | None] = []
        self._tcl = tkinter.Tcl()
        self._tcl.eval("interp create -safe nuke")
        for name in ("unknown", "stack", "push", "end_group", "version", "addFormat"):
            self._tcl.createcommand(f"py_{name}", self._remembering(getattr(self, f"_{name}")))
            self._tcl.eval(f"interp alias nuke {name} {{}} py_{name}")
        self._fault: ScriptError | None = None

    def load(self, text: str) -> list[Parsed]:
        try:
            self._tcl.call("interp", "eval", "nuke", text)
        except tkinter.TclError as error:
            raise self._fault or ScriptError(str(error)) from None
        if len(self._levels) != 1:
            raise ScriptError("a Group has no end_group")
        return self._levels[0][0]

    def _remembering(self, command: Callable[..., Any]) -> Callable[..., Any]:
        """Tcl only tells that a command failed; keep why."""

        def remembering(*words: str) -> Any:
            try:
                return command(*words)
            except ScriptError as fault:
                self._fault = fault
                raise

        return remembering

    def _unknown(self, kind: str, *body: str) -> None:
        if not kind[:1].isupper() or len(body) != 1:
            raise ScriptError(f"no command is called {kind!r}")
        self._node(kind, split(body[0]))

    def _node(self, kind: str, words: list[str]) -> None:
        if len(words) % 2:
            raise ScriptError(f"{kind}: a knob without a value, or a value without a knob")
        pairs = list(zip(words[::2], words[1::2], strict=True))
        knobs = {name: value for name, value in pairs if name != "addUserKnob"}
        node = Parsed(kind, knobs, [_user_knob(value) for name, value in pairs if name == "addUserKnob"])
        nodes, stack = self._levels[-1]
        wanted = sum(int(part) for part in knobs.pop("inputs", "0" if kind in ("Root", *_GROUPS) else "1").split("+"))
        if wanted > len(stack):
            raise ScriptError(f"{node.name} wants {wanted} inputs, but the stack has {len(stack)}")
        node.inputs = [stack.pop() for _ in range(wanted)]
        nodes.append(node)
        if kind in _GROUPS:
            self._levels.append((node.children, []))
            node.is_open = True
        elif kind != "Root":
            stack.append(node)

    def _stack(self, index: str) -> str:
        stack = self._levels[-1][1]
        if int(index) >= len(stack):
            raise ScriptError("stack: nothing there")
        self._known.append(stack[-1 - int(index)])
        return str(len(self._known))

    def _push(self, number: str) -> None:
        self._levels[-1][1].append(None if number == "0" else self._known[int(number) - 1])

    def _end_group(self) -> None:
        if len(self._levels) == 1:
            raise ScriptError("end_group without a Group")
        self._levels.pop()
        nodes, stack = self._levels[-1]
        nodes[-1].is_open = False
        stack.append(nodes[-1])

    def _version(self, *_words: str) -> None:
        """Which Nuke wrote the script."""

    def _addFormat(self, *_words: str) -> None:
        """A format of the script."""
