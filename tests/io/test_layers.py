import OpenImageIO as oiio
import pytest

from dvm_core.io.layers import pick_colour


def part(*channels, **attributes):
    spec = oiio.ImageSpec(4, 4, len(channels), "half")
    spec.channelnames = channels
    for name, value in attributes.items():
        spec.attribute(name.replace("__", ":"), value)
    return spec


def stereo(*channels):
    spec = part(*channels)
    spec.attribute("multiView", oiio.TypeDesc("string[2]"), ("right", "left"))
    return spec


def test_red_green_and_blue_are_found_in_any_order():
    assert pick_colour([part("A", "B", "G", "R")]).channels == (3, 2, 1)
    assert pick_colour([part("red", "green", "blue", "Z")]).channels == (0, 1, 2)


def test_the_main_layer_is_the_one_without_a_name():
    spec = part("depth.Z", "beauty.R", "beauty.G", "beauty.B", "R", "G", "B", "A")
    assert pick_colour([spec]).channels == (4, 5, 6)
    assert pick_colour([spec], layer="beauty").channels == (1, 2, 3)


def test_a_file_of_one_coloured_layer_leaves_no_doubt():
    assert pick_colour([part("beauty.R", "beauty.G", "beauty.B", "depth.Z")]).layer == "beauty"


def test_a_file_of_several_coloured_layers_and_no_main_one_asks():
    spec = part("a.R", "a.G", "a.B", "b.R", "b.G", "b.B")
    assert pick_colour([spec]) == "has no main layer; it has a, b; name one of those"


def test_grey_is_luminance_or_the_only_channel():
    assert pick_colour([part("Y", "A")]).channels == (0,)
    assert pick_colour([part("V")]).channels == (0,)
    assert pick_colour([part("A")]).channels == (0,)
    assert isinstance(pick_colour([part("Z", "mask")]), str)


def test_the_first_view_of_a_single_part_has_no_name():
    spec = stereo("R", "G", "B", "left.R", "left.G", "left.B", "fx.left.R", "fx.left.G", "fx.left.B")
    assert pick_colour([spec]).channels == (0, 1, 2)
    assert pick_colour([spec], view="right").channels == (0, 1, 2)
    assert pick_colour([spec], view="left").channels == (3, 4, 5)
    assert pick_colour([spec], layer="fx", view="left").channels == (6, 7, 8)


def test_parts_may_be_views():
    parts = [
        part("R", "G", "B", view="main", oiio__subimagename="rgba.main"),
        part("Z", view="main", oiio__subimagename="depth.main"),
        part("R", "G", "B", view="left", oiio__subimagename="rgba.left"),
    ]
    assert pick_colour(parts).part == 0
    assert pick_colour(parts, view="left").part == 2
    assert pick_colour(parts, layer="depth").part == 1
    assert pick_colour(parts, layer="depth", view="left") == (
        "has no layer 'depth' in view 'left'; it has rgba in view main, depth in view main, rgba in view left; "
        "name one of those"
    )


def test_parts_may_be_layers():
    parts = [
        part("R", "G", "B", oiio__subimagename="beauty"),
        part("R", "G", "B", oiio__subimagename="diffuse"),
        part("specular.R", "specular.G", "specular.B", oiio__subimagename="specular"),
    ]
    assert pick_colour(parts).part == 0
    assert pick_colour(parts, layer="diffuse").part == 1
    assert pick_colour(parts, layer="specular").part == 2


def test_a_part_that_is_called_the_main_one_comes_before_the_first():
    parts = [part("R", "G", "B", oiio__subimagename=name) for name in ("albedo", "rgba", "shadow")]
    assert pick_colour(parts).part == 1
    assert pick_colour(parts, layer="albedo").part == 0
    assert pick_colour(parts[::2]).part == 0


@pytest.mark.parametrize("wanted", [{"layer": "none"}, {"view": "left"}])
def test_what_is_not_there_is_answered_by_what_is(wanted):
    answer = pick_colour([part("R", "G", "B")], **wanted)
    assert answer.endswith("it has (main); name one of those")
