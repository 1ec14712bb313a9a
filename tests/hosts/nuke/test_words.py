"""What is said to the artist: warnings, failures, mistakes, each in a sentence."""

from pathlib import Path

import pytest
from nuke_stage import answer


def test_warnings_stand_on_the_status_line_when_all_is_done_and_in_the_terminal(worker, comp, dvm_nuke):
    from dvm_nuke.bridge import protocol

    def warn(job):
        yield protocol.warning("The plate has a gap.", frame=1003)
        yield protocol.warning("Frame 1005 is read again.", frame=1005)
        yield from answer(job)

    worker._answer = warn
    comp.press("matte")
    assert comp.status() == "6 of 6 frames are matted. Warning: The plate has a gap. (and 1 more)"
    assert comp.stage.printed == ["DVM_Matte1: The plate has a gap.", "DVM_Matte1: Frame 1005 is read again."]
    assert not comp.stage.messages


def test_what_the_engine_says_reaches_the_artist(worker, comp, dvm_nuke):
    from dvm_nuke.bridge.errors import InputError

    def fail(job):
        raise InputError("Frame 1003 is damaged; render it again.")
        yield

    worker._answer = fail
    comp.press("matte")
    assert comp.stage.messages == ["DVM_Matte1: Frame 1003 is damaged; render it again."]
    assert comp.status() == "Frame 1003 is damaged; render it again. No alphas yet."


def test_a_failed_render_is_said_and_leaves_nothing_behind(worker, comp, shot, tmp_path):
    comp.render_inputs()
    Path(shot.plate % 1004).unlink()
    comp.press("matte")
    assert "Nuke could not render the plate" in comp.stage.messages[0]
    assert not list(tmp_path.rglob("dvm_input"))
    assert comp.node["dumping"].value() == 0
    assert worker.jobs == []


@pytest.mark.parametrize("button", ["matte", "submit"])
def test_a_missing_engine_is_said_before_anything_is_rendered(worker, comp, monkeypatch, button):
    monkeypatch.setenv("DVM_PYTHON", "/nowhere/python")
    comp.render_inputs()
    comp.press(button)
    assert "There is no Python at /nowhere/python" in comp.stage.messages[0]
    assert comp.stage.rendered == []


def wrong(comp, knob, value):
    comp.node[knob].setValue(value)


MISTAKES = {
    "no plate": (lambda comp: comp.node.setInput(0, None), "has no plate"),
    "no trimap": (lambda comp: comp.node.setInput(1, None), "has no trimap"),
    "range backwards": (lambda comp: wrong(comp, "last", 1), "runs backwards"),
    "no output": (lambda comp: wrong(comp, "output", "alpha.####.exr"), "full path"),
    "one file": (lambda comp: wrong(comp, "output", "/tmp/alpha.exr"), "frames such as"),
    "a token of nobody": (lambda comp: wrong(comp, "output", "/tmp/{shot}.####.exr"), "{shot}"),
    "an unsaved script": (lambda comp: comp.nuke.root()["name"].setValue(""), "save the script"),
    "keyframes of words": (lambda comp: (wrong(comp, "propagate", True), wrong(comp, "keyframes", "all")), "'all'"),
    "no keyframes": (lambda comp: (comp.render_inputs(), wrong(comp, "propagate", True)), "press Add"),
    "keyframes elsewhere": (lambda comp: (wrong(comp, "propagate", True), wrong(comp, "keyframes", "7")), "lies in"),
    "no weights": (lambda comp: wrong(comp, "model", "file"), "none is named"),
    "an alpha over the plate": (lambda comp: wrong(comp, "output", comp.plate["file"].value()), "own"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_said_in_one_sentence_and_nothing_starts(worker, comp, mistake):
    make, said = MISTAKES[mistake]
    make(comp)
    comp.press("matte")
    assert said in comp.stage.messages[0]
    assert comp.status() in comp.stage.messages[0]
    assert worker.jobs == []


def test_a_matte_with_its_overlay_on_is_no_trimap(worker, comp, nuke):
    trimap = nuke.createNode("DVM_Trimap")
    trimap.setInput(0, comp.trimap)
    trimap.setInput(1, comp.plate)
    trimap["overlay"].setValue(True)
    comp.node.setInput(1, trimap)
    comp.press("matte")
    assert "switch the overlay off" in comp.stage.messages[0]
