from dataclasses import replace

import numpy as np
import pytest

from dvm_core.training import layers
from dvm_core.training.camera import composite, over
from dvm_core.training.library import Library
from dvm_core.training.variety import NATURAL, WILD

SIDE = 64


def _picture(colour, alpha):
    picture = np.empty((SIDE, SIDE, 4), np.uint8)
    picture[..., :3], picture[..., 3] = colour, alpha
    return picture


@pytest.fixture
def smoke_and_wall():
    """Smoke that fills its picture, a wall with a straight edge, and a plain background."""
    wall = _picture((200, 40, 40), 0)
    wall[:, : SIDE // 2, 3] = 255
    wall[:, SIDE // 2, 3] = 128
    return Library(np.stack([_picture((90, 90, 90), 100), wall]), np.full((1, SIDE, SIDE, 3), 60, np.uint8))


def _draw(library, count=60, variety=WILD):
    for seed in range(count):
        rng = np.random.default_rng(seed)
        back = layers.background(library, rng, SIDE, variety)
        yield layers.foreground(library, rng, SIDE, back, variety)


def test_one_foreground_before_another_is_what_compositing_them_in_turn_gives(rng):
    front, back = ((rng.random((8, 9, 3), np.float32), rng.random((8, 9), np.float32)) for _ in range(2))
    behind = rng.random((8, 9, 3), np.float32)
    np.testing.assert_allclose(
        composite(*over(front, back), behind), composite(*front, composite(*back, behind)), atol=1e-5
    )


def test_where_neither_covers_anything_the_colour_is_finite(rng):
    nothing = np.zeros((4, 4), np.float32)
    colour, alpha = over((rng.random((4, 4, 3), np.float32), nothing), (rng.random((4, 4, 3), np.float32), nothing))
    assert np.isfinite(colour).all()
    assert not alpha.any()


def test_foregrounds_have_colour_and_alpha_in_range(library):
    for colour, alpha in _draw(library, 20):
        assert colour.shape == (SIDE, SIDE, 3)
        assert alpha.shape == (SIDE, SIDE)
        assert colour.dtype == alpha.dtype == np.float32
        assert 0 <= colour.min() <= colour.max() <= 1.5
        assert 0 <= alpha.min() <= alpha.max() <= 1


def test_what_is_solid_is_paired_with_what_is_soft(smoke_and_wall):
    """Where the wall ends, alpha is the smoke's, and both lie in one foreground."""

    def both(share):
        variety = replace(WILD, paired=share, thin=0.0)
        return sum(
            bool((alpha > 0.999).mean() > 0.2 and ((alpha > 0.02) & (alpha < 0.9)).mean() > 0.2)
            for _, alpha in _draw(smoke_and_wall, variety=variety)
        )

    assert both(0.0) == 0
    assert both(1.0) > 30


def test_some_pictures_lose_their_colour(smoke_and_wall):
    def saturation(share):
        variety = replace(WILD, dressed=0.0, grey=share)
        colours = [colour.reshape(-1, 3).mean(0) for colour, _ in _draw(smoke_and_wall, variety=variety)]
        return np.mean([(c.max() - c.min()) / c.max() for c in colours])

    assert saturation(1.0) < 0.6 * saturation(0.0)


def test_natural_takes_keep_the_colours_that_pictures_have(smoke_and_wall):
    """The wall is red: where channels are swapped, it would be green or blue."""

    def red(variety):
        walls = [
            colour.reshape(-1, 3).mean(0)
            for colour, alpha in _draw(smoke_and_wall, variety=replace(variety, dressed=0.0, grey=0.0, alike=0.0))
            if (alpha == 1).any()
        ]
        return np.mean([wall.argmax() == 0 for wall in walls])

    assert red(NATURAL) == 1
    assert red(WILD) < 0.9


def test_the_colour_of_an_edge_changes_and_that_of_the_core_stays(monkeypatch):
    square = _picture((120, 100, 80), 0)
    square[16:48, 16:48, 3], square[8:16, 16:48, 3] = 255, 100
    lit = Library(square[None], np.full((1, SIDE, SIDE, 3), 60, np.uint8))
    monkeypatch.setattr(layers, "_OCTAVES", (0.0, 0.0))

    def unlike(share):
        """Mean difference between the colours of the edge and of the core, as a ratio."""
        found = []
        for colour, alpha in _draw(lit, variety=replace(WILD, dressed=0.0, rimmed=share)):
            edge, core = colour[(alpha > 0.1) & (alpha < 0.9)], colour[alpha == 1]
            if len(edge) and len(core):
                found.append(np.abs(edge.mean(0) / np.median(core, axis=0) - 1).mean())
        return np.mean(found)

    assert unlike(1.0) > unlike(0.0) + 0.1


def test_what_is_thinned_covers_less_and_where_strands_are_sparse_the_core_stays_solid():
    alpha = np.zeros((SIDE, SIDE), np.float32)
    alpha[:32], alpha[32:48] = 1.0, 0.5
    thinned = [layers._thinned(alpha, np.random.default_rng(seed)) for seed in range(200)]
    assert all((thin <= alpha).all() and thin[40].mean() < 0.5 for thin in thinned)
    solid = [thin for thin in thinned if (thin[:32] == 1).all()]
    assert 40 < len(solid) < 80
    coverage = [float(thin[40, 0]) for thin in solid]
    assert 0.5**3 < min(coverage) < 0.2
    assert 0.35 < max(coverage) < 0.5
