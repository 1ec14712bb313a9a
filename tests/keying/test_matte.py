import numpy as np
import pytest

from dvm_core.keying.matte import Hints, soft_key


def _key(scene, hints=None):
    return soft_key(scene.plate, scene.card, scene.primary, hints or Hints.none(*scene.alpha.shape))


def _plain(scene):
    """The colour-difference key, written down once more."""
    others = [channel for channel in range(3) if channel != scene.primary]
    part = (scene.plate[..., scene.primary] - scene.plate[..., others].max(-1)) / (
        scene.card[..., scene.primary] - scene.card[..., others].max(-1)
    )
    return np.clip(1 - part, 0, 1)


@pytest.mark.parametrize("primary", [1, 2])
@pytest.mark.parametrize("base", [(0.35, 0.2, 0.15), (0.25, 0.25, 0.25), (0.5, 0.05, 0.2)])
def test_alpha_has_at_most_half_the_error_of_a_plain_key(scene_maker, primary, base):
    scene = scene_maker(primary=primary, base=base)
    error, plain = (np.abs(alpha - scene.alpha).sum() for alpha in (_key(scene), _plain(scene)))
    assert error < 0.5 * plain


def test_alpha_does_not_depend_on_exposure(scene_maker):
    np.testing.assert_allclose(_key(scene_maker(scale=5.0)), _key(scene_maker()), atol=2e-3)


def test_grain_leaves_no_haze_and_no_holes(scene):
    alpha = _key(scene)
    assert (alpha[scene.alpha == 0] == 0).mean() > 0.95
    assert (alpha[scene.alpha == 1] > 0.97).mean() > 0.97
    assert alpha.min() >= 0
    assert alpha.max() <= 1


def test_core_and_garbage_mattes_have_the_last_word(scene):
    hints = Hints.none(*scene.alpha.shape)
    hints.core[5:10, 5:10] = True
    hints.garbage[58:66, 70:80] = True
    alpha = _key(scene, hints)
    assert (alpha[hints.core] == 1).all()
    assert (alpha[hints.garbage] == 0).all()


def test_a_core_matte_teaches_a_colour_that_is_like_the_cards(scene_maker):
    scene = scene_maker(base=(0.08, 0.28, 0.08))
    hints = Hints(scene.alpha > 0.99, np.zeros(scene.alpha.shape, bool))
    soft = (scene.alpha > 0) & (scene.alpha < 1)
    told, untold = (np.abs(_key(scene, hint) - scene.alpha)[soft].mean() for hint in (hints, None))
    assert told < 0.5 * untold


def test_an_empty_card_has_no_foreground(scene):
    noise = 0.005 * np.random.default_rng(1).standard_normal(scene.card.shape)
    empty = (scene.card + noise).astype(np.float32)
    assert not soft_key(empty, scene.card, 1, Hints.none(*scene.alpha.shape)).any()
