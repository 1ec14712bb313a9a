import numpy as np
import pytest

from dvm_core.keying.despill import despill, spill_strength, unmix
from dvm_core.keying.screen import Screen

SCREEN = Screen(1, np.array([0.045, 0.40, 0.085], np.float32))


def test_unmixing_with_the_true_card_and_alpha_gives_the_true_colour(scene_maker):
    scene = scene_maker(grain=0.0)
    colour = unmix(scene.plate, scene.card, scene.alpha)
    soft = (scene.alpha > 0.3) & (scene.alpha < 1)
    assert np.abs(colour - scene.colour)[soft].mean() < 0.02
    solid = scene.alpha == 1
    np.testing.assert_array_equal(colour[solid], scene.plate[solid])


@pytest.mark.parametrize("spill", [0.0, 0.25, 0.5, 0.8])
def test_the_strength_of_spill_is_found_from_the_hues_lean_towards_the_card(scene_maker, spill):
    scene = scene_maker(grain=0.0, spill=spill)
    colour = unmix(scene.plate, scene.card, scene.alpha)
    assert 0.6 * spill <= spill_strength(colour, scene.alpha, SCREEN) <= spill + 0.15


def test_no_foreground_has_no_spill():
    assert spill_strength(np.zeros((20, 30, 3), np.float32), np.zeros((20, 30), np.float32), SCREEN) == 0.0


def test_despilled_edges_are_nearer_to_the_clean_colour(scene_maker):
    scene = scene_maker(spill=0.6, grain=0.0, base=(0.3, 0.2, 0.12))
    spilled = unmix(scene.plate, scene.card, scene.alpha)
    clean = despill(spilled, scene.alpha, SCREEN, spill_strength(spilled, scene.alpha, SCREEN))
    edge = (scene.alpha > 0.3) & (scene.alpha < 1)
    before, after = (np.abs(colour - scene.colour)[edge][:, 1].mean() for colour in (spilled, clean))
    assert after < 0.6 * before


def test_no_green_stands_above_the_other_channels():
    colour = np.random.default_rng(0).random((20, 30, 3), dtype=np.float32)
    clean = despill(colour, np.ones((20, 30), np.float32), SCREEN, 0.0)
    assert (clean[..., 1] <= np.maximum(colour[..., 0], colour[..., 2]) + 1e-6).all()
    np.testing.assert_array_equal(clean[..., ::2], colour[..., ::2])


def test_despill_can_be_turned_down_and_off(scene):
    full, half, off = (despill(scene.colour, scene.alpha, SCREEN, 0.5, amount) for amount in (1.0, 0.5, 0.0))
    np.testing.assert_array_equal(off, scene.colour)
    np.testing.assert_allclose(half, (full + off) / 2, atol=1e-6)
