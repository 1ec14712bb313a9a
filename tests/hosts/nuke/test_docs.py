"""The page for artists, against the gizmo."""

import re
import runpy
from pathlib import Path

from nuke_script import load

ROOT = Path(__file__).parents[3]
GIZMO = load((ROOT / "nuke_plugin" / "gizmos" / "DVM_Matte.gizmo").read_text(encoding="utf-8"))[0]


def test_the_picture_is_drawn_from_the_gizmo_as_it_is():
    drawing = runpy.run_path(str(ROOT / "docs" / "nuke_panel.py"))
    assert drawing["PICTURE"].read_text(encoding="utf-8") == drawing["draw"](GIZMO), "run docs/nuke_panel.py"


def test_every_knob_that_the_page_explains_is_on_the_panel():
    page = (ROOT / "docs" / "nuke.md").read_text(encoding="utf-8")
    table = page.partition("| knob | means |")[2].partition("\n\n")[0]
    explained = {name for row in re.findall(r"^\| ([^|-]+) \|", table, re.MULTILINE) for name in row.split(", ")}
    labels = {knob.options.get("l", knob.name) for knob in GIZMO.user if "+INVISIBLE" not in knob.flags}
    assert len(explained) > 10
    assert explained <= labels
