"""When a Read's files are what it shows, and when Nuke has to render it."""

import pytest


@pytest.fixture
def upstream(dvm_nuke):
    return dvm_nuke("upstream")


def test_files_of_a_plain_read_go_to_the_engine_as_they_are(upstream, comp, shot):
    files = upstream.files(comp.plate, several_views=False)
    assert (files.pattern, tuple(files.shot)) == (shot.plate, (1001, 1006))


def test_dots_are_looked_through(upstream, comp, nuke):
    dot = nuke.createNode("Dot")
    dot.setInput(0, comp.plate)
    comp.node.setInput(0, dot)
    assert upstream.source(comp.node, 0, "plate") is comp.plate


@pytest.mark.parametrize(
    ("knob", "value"),
    [
        ("frame", "frame-10"),
        ("frame", "1001"),
        ("disable", True),
        ("premultiplied", True),
        ("raw", True),
        ("file", "/plates/[value root.name].####.exr"),
        ("file", "plates/relative.####.exr"),
        ("file", "/plates/plate.mov"),
        ("file", "/plates/still.exr"),
        ("file", ""),
    ],
)
def test_a_read_that_changes_what_it_reads_is_rendered(upstream, comp, knob, value):
    comp.plate[knob].setValue(value)
    assert upstream.files(comp.plate, several_views=False) is None


def test_with_several_views_only_files_of_each_view_are_passed_on(upstream, comp):
    assert upstream.files(comp.plate, several_views=True) is None
    comp.plate["file"].setValue("/plates/%V/plate.####.exr")
    assert upstream.files(comp.plate, several_views=True) is not None


def test_a_read_that_holds_its_last_frame_is_rendered(comp, dvm_nuke):
    comp.trimap["last"].setValue(1003)
    panel = dvm_nuke("panel").read(comp.node)
    jobs = dvm_nuke("prepare").jobs(comp.node, panel, panel.wanted, "dvm_input")
    assert {name for name, _, _ in comp.stage.rendered} == {"DVM_Matte1.WriteTrimap"}
    assert [len(job.dumps) for job in jobs] == [1]


def test_a_read_in_a_space_that_only_nuke_knows_is_rendered(comp, dvm_nuke):
    comp.plate["colorspace"].setValue("AlexaV3LogC")
    panel = dvm_nuke("panel").read(comp.node)
    (job,) = dvm_nuke("prepare").jobs(comp.node, panel, panel.wanted, "dvm_input")
    assert job.job.settings.colorspace == "lin_rec709_scene"
    assert {name for name, _, _ in comp.stage.rendered} == {"DVM_Matte1.WritePlate"}
