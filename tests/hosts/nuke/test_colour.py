"""Colour spaces as Nuke writes them, by the names that the engine knows."""

import pytest

from dvm_core.io.colour import requested_space


@pytest.fixture
def management(dvm_nuke):
    return dvm_nuke("colour").Management


@pytest.mark.parametrize(
    ("ocio", "name", "engine"),
    [
        (False, "linear", "lin_rec709_scene"),
        (False, "default (linear)", "lin_rec709_scene"),
        (False, "sRGB", "srgb_rec709_scene"),
        (False, "AlexaV3LogC", ""),
        (True, "scene_linear (ACES - ACEScg)", "ACES - ACEScg"),
        (True, "ACES/ACES - ACEScg", "ACES - ACEScg"),
        (True, "ACEScg", "ACEScg"),
        (True, "scene_linear", "scene_linear"),
    ],
)
def test_a_space_has_one_name_for_the_engine(management, ocio, name, engine):
    assert management(ocio, "linear", "").engine_name(name) == engine
    if engine:
        requested_space(engine)  # the engine knows it


def test_a_working_space_of_unknown_meaning_is_left_to_the_engine(management):
    assert management(False, "gamma1.8", "").engine_working == "auto"
