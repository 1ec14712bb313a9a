import numpy as np
import pytest

from dvm_core.bridge.errors import InputError
from dvm_core.keying.screen import Screen, clean_plate, excess, find_screen


@pytest.mark.parametrize("primary", [1, 2])
@pytest.mark.parametrize("scale", [1.0, 7.0, 0.1])
def test_the_screen_is_found_whatever_its_colour_and_exposure(scene_maker, primary, scale):
    scene = scene_maker(primary=primary, scale=scale)
    screen = find_screen([scene.plate])
    assert screen.primary == primary
    np.testing.assert_allclose(screen.colour, np.median(scene.card[scene.alpha == 0], axis=0), rtol=0.05)


def test_the_screen_of_a_clip_is_that_of_all_its_frames(scene_maker):
    frames = [scene_maker(scale=scale).plate for scale in (0.9, 1.0, 1.1)]
    np.testing.assert_allclose(find_screen(frames).colour, find_screen(frames[1:2]).colour, rtol=0.02)


def test_what_is_not_a_number_has_no_say(scene):
    plate = scene.plate.copy()
    plate[:40] = np.nan
    np.testing.assert_allclose(find_screen([plate]).colour, find_screen([scene.plate]).colour, rtol=0.03)


def test_footage_without_a_screen_is_refused():
    grey = np.random.default_rng(0).uniform(0.3, 0.4, (40, 40, 3)).astype(np.float32)
    with pytest.raises(InputError, match="Expected a green or blue screen"):
        find_screen([grey])


def test_a_green_coat_larger_than_the_blue_screen_is_not_taken_for_it(scene_maker):
    scene = scene_maker(primary=2)
    plate = scene.plate.copy()
    rng = np.random.default_rng(2)
    plate[:, :100] = rng.uniform(0.05, 0.4, (120, 100, 1)) * [0.4, 1, 0.5] * rng.uniform(0.6, 1.4, (120, 100, 3))
    assert find_screen([plate]).primary == 2


def test_colours_of_every_kind_are_no_screen():
    noise = np.random.default_rng(0).random((60, 60, 3), dtype=np.float32)
    with pytest.raises(InputError, match="no two of them alike"):
        find_screen([noise])


def test_a_blue_screen_is_not_found_where_green_is_asked_for(scene_maker):
    with pytest.raises(InputError, match="hardly a pixel"):
        find_screen([scene_maker(primary=2).plate], primary=1)


def test_the_card_is_followed_where_it_is_seen_and_carried_on_where_it_is_hidden(scene):
    card, seen = clean_plate(scene.plate, find_screen([scene.plate]))
    error = np.abs(card / scene.card - 1)[..., 1]
    assert error[scene.alpha == 0].mean() < 0.01
    assert error[scene.alpha > 0].mean() < 0.05
    assert not (seen & (scene.alpha > 0.1)).any()
    assert seen[scene.alpha == 0].mean() > 0.8


def test_a_frame_without_any_card_keeps_the_clips_colour():
    plate = np.full((30, 40, 3), 0.2, np.float32)
    screen = Screen(1, np.array([0.05, 0.4, 0.1], np.float32))
    card, seen = clean_plate(plate, screen)
    np.testing.assert_allclose(card, np.broadcast_to(screen.colour, card.shape), rtol=1e-4)
    assert not seen.any()


def test_excess_is_what_the_primary_has_above_the_stronger_of_the_others():
    light = np.array([[0.1, 0.5, 0.3], [0.6, 0.5, 0.3]], np.float32)
    np.testing.assert_allclose(excess(light, 1), [0.2, -0.1], atol=1e-6)
    np.testing.assert_allclose(excess(light, 2), [-0.2, -0.3], atol=1e-6)
