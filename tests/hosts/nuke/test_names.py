"""Output templates and the names that come of them."""

import pytest

VALUES = {"folder": "/show/sh010", "script": "comp_v3", "node": "Hero", "id": "0a1b2c3d"}


@pytest.fixture
def names(dvm_nuke):
    return dvm_nuke("names")


def test_tokens_become_what_the_script_and_the_node_are_called(names):
    template = "{folder}/dvm/{script}/{node}_{id}/{node}.%04d.exr"
    assert names.expand(template, VALUES) == "/show/sh010/dvm/comp_v3/Hero_0a1b2c3d/Hero.%04d.exr"


@pytest.mark.parametrize("pattern", ["/a/b.####.exr", "/a/b.%04d.EXR", "/a/$F4/b.$F4.exr", "/a/%V/b.@@@@.exr"])
def test_every_way_to_write_frames_will_do(names, pattern):
    assert names.expand(pattern, VALUES) == pattern


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("alpha.####.exr", "full path"),
        ("{shot}/a.####.exr", "{shot}"),
        ("/a/alpha.exr", "frames"),
        ("/a/alpha.####.png", "frames"),
        ("", "full path"),
    ],
)
def test_a_template_that_names_no_frames_is_refused(names, template, said):
    with pytest.raises(Exception, match=said.replace("{", "\\{")):
        names.expand(template, VALUES)


def test_an_unsaved_script_is_asked_to_be_saved(names):
    with pytest.raises(Exception, match="save the script"):
        names.expand("{folder}/a.####.exr", dict(VALUES, folder=""))


def test_several_views_get_a_folder_each_unless_the_pattern_has_a_place_for_them(names):
    assert names.spread_over_views("/a/b.####.exr", ["main"]) == "/a/b.####.exr"
    assert names.spread_over_views("/a/b.####.exr", ["left", "right"]) == "/a/%V/b.####.exr"
    assert names.spread_over_views("/a/b_%v.####.exr", ["left", "right"]) == "/a/b_%v.####.exr"
    assert names.of_view("/a/%V/b_%v.####.exr", "left") == "/a/left/b_l.####.exr"


def test_frames_on_disk_are_found_by_their_pattern(names, tmp_path):
    for name in ("a.0009.exr", "a.0010.exr", "a.10.exr", "b.0011.exr", "a.0012.exr.tmp"):
        (tmp_path / name).touch()
    assert names.frames_there(f"{tmp_path.as_posix()}/a.%04d.exr") == [9, 10]
    assert names.frames_there("/nowhere/a.%04d.exr") == []
