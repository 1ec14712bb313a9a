"""Draw docs/images/resolve_panel.svg: the controls of the DVMatte Fuse, as its own file says them.

No Fusion is needed, and none was asked how it draws its controls: this is a drawing, not a screenshot.
"""

from html import escape
from pathlib import Path
from typing import Any

from lupa import luajit21

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "images" / "resolve_panel.svg"
WIDTH, LEFT, LINE, GAP = 560, 190, 30, 16
TEXT = "font-family='Verdana, DejaVu Sans, sans-serif' font-size='12'"


def read_controls() -> list[tuple[str, list[Any]]]:
    """The tool's pages: title, and the {name, label, attributes} of each control that is shown."""
    lua = luajit21.LuaRuntime()
    lua.globals().package.path = f"{ROOT}/resolve_fuse/Modules/Lua/?.lua"
    pages = lua.eval('require("dvm.controls").PAGES')
    entries = [list(page.values()) for page in pages.values()]
    return [(entry[0], [control for control in entry[1:] if control[3].IC_Visible is not False]) for entry in entries]


def draw(pages: list[tuple[str, list[Any]]]) -> str:
    """The pages side by side, as SVG."""
    parts: list[str] = []
    bottoms = []
    for index, (title, controls) in enumerate(pages):
        left = GAP + index * (WIDTH + GAP)
        parts += [_box(left, 8, 100, "#3c3c42"), _text(left + 12, 23, title)]
        drawn, bottom = _page(controls, left)
        parts += drawn
        bottoms.append(bottom)
    width, height = GAP + len(pages) * (WIDTH + GAP), max(bottoms) + LINE
    note = _text(GAP, height - 10, "Drawn from the tool's own file; not a screenshot.", "#8a8a92")
    frame = f"<rect width='{width}' height='{height}' rx='4' fill='#28282d'/>"
    head = f"<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}' {TEXT}>"
    return "\n".join([head, frame, *parts, note, "</svg>"]) + "\n"


def _page(controls: list[Any], left: int) -> tuple[list[str], int]:
    """The controls of a page, and where they end; buttons share a line as far as their widths go."""
    parts: list[str] = []
    top, across = 38, 0.0
    for control in controls:
        label, attributes = control[2], control[3]
        if attributes.INPID_InputControl == "ButtonControl":
            span = round(WIDTH * attributes.ICD_Width)
            x = left + round(WIDTH * across)
            parts += [_box(x + 3, top, span - 6, "#55555e"), _text(x + span // 2, top + 15, label, anchor="middle")]
            across += attributes.ICD_Width
            if across > 0.99:
                top, across = top + LINE, 0.0
        else:
            parts += _field(label, attributes, left, top)
            top += LINE * int(attributes.TEC_Lines or 1)
    return parts, top


def _field(label: str, attributes: Any, left: int, top: int) -> list[str]:
    x, kind = left + LEFT, attributes.INPID_InputControl
    name = _text(x - 8, top + 15, label, "#c8c8cc", "end")
    if kind == "CheckboxControl":
        return [name, _box(x, top + 3, 16, "#1b1b1e", 16)]
    browse = 34 if kind == "FileControl" else 0
    height = LINE * int(attributes.TEC_Lines or 1) - 8
    box = _box(x, top, WIDTH - LEFT - browse, "#1b1b1e", height)
    parts = [name, box, _text(x + 6, top + 15, _value(attributes))]
    if browse:
        right = left + WIDTH - browse + 4
        parts += [_box(right, top, browse - 4, "#55555e"), _text(right + 15, top + 15, "…", anchor="middle")]
    return parts


def _value(attributes: Any) -> str:
    """What a control says at first."""
    if attributes.INPID_InputControl == "ComboControl":
        return str(attributes[1].CCS_AddString) + " ▾"
    if attributes.INPID_InputControl == "ScrewControl":
        return str(attributes.INP_Default)
    return str(attributes.INPS_DefaultText or "")


def _box(x: int, y: int, width: int, fill: str, height: int = 22) -> str:
    return f"<rect x='{x}' y='{y}' width='{width}' height='{height}' rx='3' fill='{fill}'/>"


def _text(x: int, y: int, text: str, fill: str = "#dcdce0", anchor: str = "start") -> str:
    return f"<text x='{x}' y='{y}' fill='{fill}' text-anchor='{anchor}'>{escape(text)}</text>"


if __name__ == "__main__":
    PICTURE.write_text(draw(read_controls()), encoding="utf-8")
