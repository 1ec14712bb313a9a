from dataclasses import replace

import numpy as np
import pytest

from dvm_core.training.camera import Camera
from dvm_core.training.synthetic import make_take
from dvm_core.training.trimaps import KINDS, random_trimap, trimap_of
from dvm_core.training.variety import NATURAL, WILD, choose, propagated


@pytest.mark.parametrize("variety", [WILD, NATURAL])
def test_shares_are_shares(variety):
    assert len(variety.trimaps) == len(KINDS)
    assert sum(variety.trimaps) == pytest.approx(1)
    assert sum(variety.grain) == pytest.approx(1)
    assert variety.patched <= variety.dressed <= 1


def test_natural_takes_are_chosen_as_often_as_asked():
    rng = np.random.default_rng(3)
    assert {choose(rng, 0.0) for _ in range(50)} == {WILD}
    assert {choose(rng, 1.0) for _ in range(50)} == {NATURAL}
    assert sum(choose(rng, 0.75) is NATURAL for _ in range(400)) == pytest.approx(300, abs=35)


@pytest.mark.parametrize("variety", [WILD, NATURAL])
def test_propagated_trimaps_are_never_even_and_all_else_stays(variety):
    lost = propagated(variety)
    assert lost.trimaps[KINDS.index("even")] == 0
    assert sum(lost.trimaps) == pytest.approx(1)
    assert replace(lost, trimaps=variety.trimaps) == variety


def test_natural_light_is_near_what_the_layers_have():
    grey = np.full((8, 8, 3), 0.2, np.float32)

    def exposures(variety):
        return np.array([Camera(np.random.default_rng(seed), variety).expose(grey).mean() / 0.2 for seed in range(200)])

    natural = exposures(NATURAL)
    assert 0.6 < natural.min() < natural.max() < 1.5
    assert natural.std() < 0.7 * exposures(WILD).std()


def test_natural_bands_are_narrower():
    alpha = np.zeros((160, 160), np.float32)
    alpha[80:] = 1
    alpha[79:81] = 0.5

    def band(variety):
        trimaps = [random_trimap(alpha, np.random.default_rng(seed), variety) for seed in range(300)]
        return np.median([(trimap == 128).sum(axis=0) for trimap in trimaps])

    assert band(NATURAL) < 0.9 * band(WILD)


def test_a_radius_makes_every_trimap_even(library):
    for number in range(5):
        take = make_take(library, np.random.default_rng(number), 64, variety=replace(NATURAL, radius=4))
        np.testing.assert_array_equal(take.trimaps[0], trimap_of(take.alphas[0], 4))
