"""The gizmos are scripts that Nuke can load, and the check notices when they are not."""

from pathlib import Path

import pytest
from gizmo_checks import problems
from nuke_script import load

GIZMOS = sorted((Path(__file__).parents[3] / "nuke_plugin" / "gizmos").glob("*.gizmo"))


@pytest.mark.parametrize("path", GIZMOS, ids=lambda path: path.stem)
def test_a_gizmo_has_no_fault(path):
    assert problems(path.read_text()) == []


@pytest.mark.parametrize("path", GIZMOS, ids=lambda path: path.stem)
def test_a_gizmo_is_called_as_its_file(path):
    assert load(path.read_text())[0].name == path.stem


FAULTS = {
    "a lost brace": (" R 0 100}", " R 0 100", "brace"),
    "a lost end": ("end_group", "", "end_group"),
    "an end too many": ("end_group", "end_group\nend_group", "end_group without"),
    "an input too many": ("inputs 2\n  which {{parent.overlay}}", "inputs 9\n  which {{parent.overlay}}", "9 inputs"),
    "a knob of no type": ("{3 erode", "{33 erode", "type 33"),
    "a misspelt option": ("l Erode t", "l Erode z", "'z'"),
    "a lost value": ("erode 10\n", "erode\n", "without"),
    "a knob twice": ("{3 dilate", "{3 erode", "two knobs"),
    "a knob that is not there": ("{{parent.dilate}}", "{{parent.dialte}}", "parent.dialte"),
    "a button that does not compile": (
        "{7 opacity l Opacity R 0 1}",
        '{22 go T "if:"}\n addUserKnob {7 opacity}',
        "go:",
    ),
    "a link to nowhere": ("{7 opacity l Opacity R 0 1}", "{41 x T Gone.size}\n addUserKnob {7 opacity}", "Gone.size"),
    "two nodes of a name": ("name Erode", "name Sure", "two nodes"),
    "a gap in the inputs": ("number 1", "number 2", "numbered"),
    "no output": (" Output {", " NoOp {", "one Output"),
    "not a group": ("Group {", "Gizmo {", "Group"),
    "a command": ("end_group", "end_group\nexec ls", "exec"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_gizmo_is_refused(fault):
    before, after, said = FAULTS[fault]
    text = GIZMOS[1].read_text()
    assert before in text
    assert any(said in problem for problem in problems(text.replace(before, after, 1)))
