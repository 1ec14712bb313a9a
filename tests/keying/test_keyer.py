import numpy as np
import pytest

from dvm_core.bridge.errors import InputError
from dvm_core.keying.keyer import Keyer
from dvm_core.keying.matte import Hints


def _none(scene):
    return Hints.none(*scene.alpha.shape)


@pytest.mark.parametrize("primary", [1, 2])
def test_a_clip_is_keyed_from_its_plates_alone(scene_maker, primary):
    scenes = [scene_maker(primary=primary, seed=seed, spill=0.3) for seed in (0, 1)]
    keyer = Keyer.learn([scene.plate for scene in scenes], [_none(scene) for scene in scenes])
    for scene in scenes:
        keyed = keyer.key(scene.plate)
        assert np.abs(keyed.alpha - scene.alpha).mean() < 0.01
        edge = (scene.alpha > 0.2) & (scene.alpha < 1)
        grey = [(a[..., None] * f + (1 - a[..., None]) * 0.18)[edge] for f, a in (keyed, (scene.colour, scene.alpha))]
        assert np.abs(grey[0] - grey[1]).mean() < 0.02


def test_a_screen_colour_that_is_given_is_taken(scene):
    colour = np.array([0.05, 0.1, 0.5], np.float32)
    keyer = Keyer.learn([scene.plate], [_none(scene)], colour=colour)
    assert keyer.screen.primary == 2
    np.testing.assert_array_equal(keyer.screen.colour, colour)


def test_what_is_not_a_number_neither_spreads_nor_stays(scene):
    keyer = Keyer.learn([scene.plate], [_none(scene)])
    plate = scene.plate.copy()
    plate[0, 0], plate[60, 78, 1], plate[1, 1] = np.nan, np.inf, -np.inf
    keyed = keyer.key(plate)
    assert np.isfinite(keyed.alpha).all()
    assert np.isfinite(keyed.foreground).all()
    np.testing.assert_allclose(keyed.alpha[90:], keyer.key(scene.plate).alpha[90:], atol=0.1)


def test_garbage_is_no_screen(scene):
    plate, hints = scene.plate.copy(), _none(scene)
    hints.garbage[:, :40] = True
    plate[:, :40] = (0.02, 0.1, 0.9)
    keyer = Keyer.learn([plate], [hints])
    assert keyer.screen.primary == 1
    assert not keyer.key(plate, hints).alpha[:, :40].any()


def test_a_matte_of_another_size_is_refused(scene):
    keyer = Keyer.learn([scene.plate], [_none(scene)])
    with pytest.raises(InputError, match="Expected a core matte of the plate's"):
        keyer.key(scene.plate, Hints.none(4, 5))
