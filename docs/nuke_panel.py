"""Draw docs/images/nuke_panel.svg: the panel of DVM Matte, laid out from the knobs of the gizmo itself.

No Nuke is needed, and none was asked how it draws its widgets: this is a drawing, not a screenshot.
"""

import sys
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "hosts" / "nuke" / "support"))

from nuke_script import Parsed, UserKnob, load, split  # noqa: E402

PICTURE = ROOT / "docs" / "images" / "nuke_panel.svg"
WIDTH, LEFT, LINE = 560, 130, 28
TEXT = "font-family='Verdana, DejaVu Sans, sans-serif' font-size='12'"
STRING, FILE, INTEGER, CHOICE, SWITCH, TAB, BUTTON, LABEL, LINK = 1, 2, 3, 4, 6, 20, 22, 26, 41
FIELD_WIDTH = {STRING: 240, FILE: 400, INTEGER: 60, CHOICE: 120, LINK: 120}


def draw(group: Parsed) -> str:
    """The panel as SVG."""
    parts, x, y = [], LEFT, 0
    for knob in group.user:
        if "+INVISIBLE" in knob.flags:
            continue
        if "-STARTLINE" not in knob.flags:
            x, y = LEFT, y + LINE
        drawn, width = _knob(group, knob, x, y)
        parts += drawn
        x += width
    y += 2 * LINE
    note = _text(12, y - 8, "Drawn from the gizmo's knobs; not a screenshot.", "#8a8a8a")
    frame = f"<rect width='{WIDTH}' height='{y}' rx='4' fill='#323232'/>"
    head = f"<svg xmlns='http://www.w3.org/2000/svg' width='{WIDTH}' height='{y}' {TEXT}>"
    return "\n".join([head, frame, *parts, note, "</svg>"]) + "\n"


def _knob(group: Parsed, knob: UserKnob, x: int, y: int) -> tuple[list[str], int]:
    """One knob's elements, and how far to the right the next one of the same line begins."""
    label = knob.options.get("l", knob.name)
    if knob.kind == TAB:
        return [_box(8, y - 22, 100, "#484848"), _text(20, y - 6, label)], 0
    if knob.kind == BUTTON:
        width = 18 + 8 * len(label)
        return [_box(x, y - 16, width, "#5a5a5a"), _text(x + width // 2, y, label, anchor="middle")], width + 8
    if knob.kind == SWITCH:
        tick = _text(x + 4, y, "×") if _value(group, knob) == "true" else ""
        return [_box(x, y - 13, 16, "#222", 16), tick, _text(x + 22, y, label)], 40 + 8 * len(label)
    if knob.kind == LABEL and "T" not in knob.options:
        line = f"<line x1='12' y1='{y - 14}' x2='{WIDTH - 12}' y2='{y - 14}' stroke='#4a4a4a'/>"
        return [line, _text(12, y + 4, label, "#b0b0b0")], 0
    return _field(group, knob, label, (x, y))


def _field(group: Parsed, knob: UserKnob, label: str, place: tuple[int, int]) -> tuple[list[str], int]:
    x, y = place
    shift = 0 if x == LEFT else 8 + 8 * len(label)  # a label in the middle of a line needs room of its own
    name = _text(x + shift - 8, y, label, "#c8c8c8", "end")
    if knob.kind == LABEL:
        return [name, _text(x, y, knob.options["T"])], 0
    width = FIELD_WIDTH[knob.kind]
    value = _value(group, knob) + (" ▾" if knob.kind in (CHOICE, LINK) else "")
    box = _box(x + shift, y - 16, width, "#222" if knob.kind not in (CHOICE, LINK) else "#5a5a5a")
    return [name, box, _text(x + shift + 6, y, value)], shift + width + 12


def _value(group: Parsed, knob: UserKnob) -> str:
    choices = split(knob.options.get("M", "")) or {INTEGER: ["0"], LINK: ["error"]}.get(knob.kind, [""])
    return group.knobs.get(knob.name, choices[0])


def _box(x: int, y: int, width: int, fill: str, height: int = 22) -> str:
    return f"<rect x='{x}' y='{y}' width='{width}' height='{height}' rx='3' fill='{fill}'/>"


def _text(x: int, y: int, text: str, fill: str = "#dcdcdc", anchor: str = "start") -> str:
    return f"<text x='{x}' y='{y}' fill='{fill}' text-anchor='{anchor}'>{escape(text)}</text>"


if __name__ == "__main__":
    gizmo = ROOT / "nuke_plugin" / "gizmos" / "DVM_Matte.gizmo"
    PICTURE.write_text(draw(load(gizmo.read_text(encoding="utf-8"))[0]), encoding="utf-8")
