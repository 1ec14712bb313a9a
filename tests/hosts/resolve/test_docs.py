"""The page for artists, against the tool."""

import re
import runpy
from pathlib import Path

ROOT = Path(__file__).parents[3]
PANEL = runpy.run_path(str(ROOT / "docs" / "resolve_panel.py"))
PAGE = (ROOT / "docs" / "resolve.md").read_text(encoding="utf-8")


def test_the_picture_is_drawn_from_the_tool_as_it_is():
    drawn = PANEL["draw"](PANEL["read_controls"]())
    assert PANEL["PICTURE"].read_text(encoding="utf-8") == drawn, "run docs/resolve_panel.py"


def test_the_page_explains_controls_that_there_are():
    table = PAGE.partition("| control | means |")[2].partition("\n\n")[0]
    explained = {name for row in re.findall(r"^\| ([^|-]+) \|", table, re.MULTILINE) for name in row.split(", ")}
    labels = {control[2] for _, controls in PANEL["read_controls"]() for control in controls}
    buttons = {"From Plate", "Render Range", "Matte", "Cancel", "Refresh"}
    assert explained == labels - buttons
    assert all(f"**{button}**" in PAGE for button in buttons)


def test_every_script_of_the_menu_is_on_the_page():
    for script in (ROOT / "resolve_fuse" / "Scripts").rglob("*.py"):
        assert script.stem in PAGE
