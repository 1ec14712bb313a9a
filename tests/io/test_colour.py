import OpenImageIO as oiio
import pytest

from dvm_core.bridge.errors import InputError, UsageError
from dvm_core.io.colour import (
    built_in_config,
    colour_space,
    current_config,
    has_space,
    is_scene_linear,
    requested_space,
    route,
)

STUDIO = """
ocio_profile_version: 2
roles: {default: raw, scene_linear: house_linear, aces_interchange: ap0}
displays: {d: [!<View> {name: v, colorspace: raw}]}
colorspaces:
  - !<ColorSpace> {name: raw, isdata: true}
  - !<ColorSpace> {name: ap0}
  - !<ColorSpace>
    name: house_linear
    to_scene_reference: !<MatrixTransform> {matrix: [0.44,0.38,0.18,0, 0.09,0.81,0.1,0, 0.02,0.11,0.87,0, 0,0,0,1]}
"""
ADOBE_RGB = (0.64, 0.33, 0.21, 0.71, 0.15, 0.06, 0.3127, 0.3290)
ODD = (0.7, 0.3, 0.2, 0.7, 0.1, 0.05, 0.3457, 0.3585)


@pytest.fixture(autouse=True)
def _no_ocio(monkeypatch):
    monkeypatch.delenv("OCIO", raising=False)


def spec(dtype, **attributes):
    made = oiio.ImageSpec(4, 4, 3, dtype)
    for name, value in attributes.items():
        made.attribute(name.replace("__", ":"), value)
    return made


def with_chromaticities(numbers, dtype="half", **attributes):
    made = spec(dtype, **attributes)
    made.attribute("chromaticities", oiio.TypeDesc("float[8]"), numbers)
    return made


@pytest.mark.parametrize("dtype", ["half", "float"])
def test_untagged_floats_are_linear_rec709(dtype):
    space = colour_space(spec(dtype))
    assert space.name == "lin_rec709_scene"
    assert str(space) == "lin_rec709_scene (untagged float file)"


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_untagged_integers_are_srgb(dtype):
    assert colour_space(spec(dtype)).name == "srgb_rec709_scene"


def test_the_files_tag_comes_before_its_chromaticities():
    tagged = with_chromaticities(ADOBE_RGB, oiio__ColorSpace="lin_ap1_scene")
    assert colour_space(tagged) == ("lin_ap1_scene", "the file's tag", None)
    assert colour_space(with_chromaticities(ADOBE_RGB)).name == "lin_adobergb_scene"


def test_chromaticities_without_a_name_give_a_matrix():
    space = colour_space(with_chromaticities(ODD))
    assert space.name == "lin_rec709_scene"
    assert len(space.matrix) == len(space.matrix[0]) == 3


def test_chromaticities_that_are_none_are_refused():
    with pytest.raises(InputError, match="are no primaries; name its colour space with --colorspace"):
        colour_space(with_chromaticities((0.3,) * 8))


def test_what_the_user_asks_for_comes_first():
    asked = colour_space(spec("half", oiio__ColorSpace="lin_ap1_scene"), "lin_rec2020_scene")
    assert asked == ("lin_rec2020_scene", "as asked", None)


def test_an_unknown_name_is_answered_with_names_near_it():
    with pytest.raises(UsageError, match=r"'lin_rec790' is not a colour space of .*; near it are .*lin_rec709"):
        requested_space("lin_rec790")
    with pytest.raises(UsageError, match="it has, for instance, srgb_rec709_scene"):
        requested_space("§§§")


@pytest.mark.parametrize("name", ["ACEScg", "acescg", "lin_ap1_scene", "scene_linear", "Raw"])
def test_names_aliases_and_roles_are_known_in_any_case(name):
    assert requested_space(name).name == name


@pytest.mark.parametrize("tagged", [{"oiio__ColorSpace": "KodakLog"}, {"dpx__Transfer": "Printing density"}])
def test_a_log_dpx_is_not_taken_for_srgb(tagged):
    with pytest.raises(InputError, match="tagged as 'KodakLog', which the colour configuration does not have"):
        colour_space(spec("uint16", **tagged))


def test_a_tag_that_says_unknown_says_nothing():
    assert colour_space(spec("half", oiio__ColorSpace="unknown")).name == "lin_rec709_scene"


def test_scene_linear_spaces_are_told_from_encoded_ones():
    assert is_scene_linear("lin_ap1_scene")
    assert not is_scene_linear("srgb_rec709_scene")
    assert not is_scene_linear("Raw")


def test_the_built_in_configuration_needs_one_step():
    assert route("lin_rec709_scene", "srgb_rec709_scene") == (("", "lin_rec709_scene", "srgb_rec709_scene"),)


def test_only_names_that_a_configuration_has_count(tmp_path):
    (tmp_path / "studio.ocio").write_text(STUDIO)
    studio = oiio.ColorConfig(str(tmp_path / "studio.ocio"))
    assert has_space(studio, "house_linear")
    # OpenImageIO would take `house_linear`, which has other primaries, for it.
    assert studio.resolve("lin_rec709_scene") == "house_linear"
    assert not has_space(studio, "lin_rec709_scene")
    assert has_space(built_in_config(), "lin_rec709_scene")
    assert current_config().getNumColorSpaces() > 10


def test_untagged_floats_are_the_studios_scene_linear(tmp_path, run_python):
    (tmp_path / "studio.ocio").write_text(STUDIO)
    code = """
import OpenImageIO as oiio
from dvm_core.io.colour import colour_space, route
print(colour_space(oiio.ImageSpec(4, 4, 3, "half")))
print(colour_space(oiio.ImageSpec(4, 4, 3, "uint8")).name)
print(route("scene_linear", "srgb_rec709_scene"))
print(route("lin_ap1_scene", "srgb_rec709_scene"))
"""
    assert run_python(code, OCIO=str(tmp_path / "studio.ocio")).splitlines() == [
        "scene_linear (untagged, so scene_linear of $OCIO)",
        "srgb_rec709_scene",
        "(('', 'scene_linear', 'aces_interchange'), ('ocio://default', 'lin_ap0_scene', 'srgb_rec709_scene'))",
        "(('ocio://default', 'lin_ap1_scene', 'srgb_rec709_scene'),)",
    ]


def test_a_configuration_without_a_way_out_is_wrong_usage(tmp_path, run_python):
    (tmp_path / "studio.ocio").write_text(STUDIO.replace(", aces_interchange: ap0", ""))
    code = """
from dvm_core.bridge.errors import UsageError
from dvm_core.io.colour import route
try:
    route("house_linear", "srgb_rec709_scene")
except UsageError as error:
    print(error)
"""
    assert "give it the role aces_interchange" in run_python(code, OCIO=str(tmp_path / "studio.ocio"))


def test_a_missing_configuration_is_wrong_usage(run_python):
    code = """
from dvm_core.bridge.errors import UsageError
from dvm_core.io.colour import current_config
try:
    current_config()
except UsageError as error:
    print(error)
"""
    assert run_python(code, OCIO="/nowhere.ocio").startswith("$OCIO is '/nowhere.ocio', which is no colour config")
