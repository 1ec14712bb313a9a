"""What is wrong with a gizmo, in words; nothing, if Nuke can be expected to load and run it."""

import re
from collections.abc import Iterator

from nuke_script import Parsed, ScriptError, load, split

KINDS = {1, 2, 3, 4, 6, 7, 20, 22, 26, 41}
"""Types of user knobs: string, file, integer, enumeration, boolean, float, tab, button, text, link."""

_VALUELESS = {20, 22, 26, 41}
_PARENT = re.compile(r"parent\.([A-Za-z_]\w*)")


def problems(text: str) -> list[str]:
    """Check a gizmo's text."""
    try:
        nodes = load(text)
    except ScriptError as error:
        return [str(error)]
    if [node.kind for node in nodes] != ["Group"]:
        return ["a gizmo is one Group, so that scripts open where the plug-in is missing"]
    group = nodes[0]
    return [*_knobs(group), *_graph(group)]


def _knobs(group: Parsed) -> Iterator[str]:
    names = [knob.name for knob in group.user]
    yield from (f"two knobs are called {name}" for name in set(names) if names.count(name) > 1)
    for knob in group.user:
        if knob.kind not in KINDS:
            yield f"{knob.name}: no knob has the type {knob.kind}"
        if knob.kind == 22:
            yield from _script(knob.name, knob.options.get("T", ""))
        if knob.kind == 41:
            yield from _link(group, knob.options.get("T", ""))
        if knob.kind == 4 and not split(knob.options.get("M", "")):
            yield f"{knob.name}: an enumeration without choices"
        if knob.kind in _VALUELESS and knob.name in group.knobs:
            yield f"{knob.name}: a knob without a value has one"


def _script(name: str, body: str) -> Iterator[str]:
    if not body.strip():
        yield f"{name}: a button that does nothing"
    try:
        compile(body, name, "exec")
    except SyntaxError as error:
        yield f"{name}: {error}"


def _link(group: Parsed, target: str) -> Iterator[str]:
    node, _, knob = target.partition(".")
    if node not in {child.name for child in group.children} or not knob:
        yield f"a link leads to {target!r}, which is not there"


def _graph(group: Parsed) -> Iterator[str]:
    names = [child.name for child in group.children]
    yield from (f"two nodes are called {name}" for name in set(names) if names.count(name) > 1)
    kinds = [child.kind for child in group.children]
    if kinds.count("Output") != 1:
        yield "a group has one Output"
    numbers = sorted(int(child.knobs.get("number", "0")) for child in group.children if child.kind == "Input")
    if not numbers or numbers != list(range(len(numbers))):
        yield f"the inputs are numbered {numbers}"
    user = {knob.name for knob in group.user}
    for child in group.children:
        for name, value in child.knobs.items():
            lost = set(_PARENT.findall(value)) - user
            yield from (f"{child.name}.{name} asks for parent.{knob}, which is not there" for knob in sorted(lost))
