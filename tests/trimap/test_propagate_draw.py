"""What is drawn from what was carried, made up here."""

import cv2
import numpy as np
import pytest

from dvm_core.trimap.propagate_draw import Answer, blend, draw
from dvm_core.trimap.propagate_grid import Grid, distance
from dvm_core.trimap.propagate_track import Carried

SHAPE = (90, 120)
GRID = Grid(SHAPE, SHAPE)
MARGIN = 3.0


def disc(x=60, y=45, radius=20):
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    return (np.hypot(columns - x, rows - y) < radius).astype(np.float32)


def answer(alpha=None, open_=None, core=None, clear=None, certainty=1.0, trust=1.0, nearness=0.5):
    alpha = disc() if alpha is None else alpha
    others = (np.zeros(SHAPE, np.float32) if label is None else label for label in (open_, core, clear))
    labels = np.stack([alpha, *others])
    return Answer(Carried(labels, np.full(SHAPE, certainty, np.float32), trust), nearness, MARGIN)


def test_where_all_agree_the_band_is_the_keys_margin_around_the_edge():
    trimap = draw(blend([answer(), answer()]), None, GRID)
    inside = disc().astype(np.uint8)
    edge = cv2.dilate(inside, np.ones((3, 3))) - cv2.erode(inside, np.ones((3, 3)))
    y, x = np.mgrid[-3:4, -3:4]
    band = cv2.dilate(edge, (x * x + y * y <= MARGIN**2).astype(np.uint8))
    expected = np.where(band > 0, 128, np.where(inside > 0, 255, 0))
    assert np.array_equal(trimap, expected)


def test_the_band_widens_as_certainty_and_trust_fall():
    areas = [
        (draw(blend([answer(certainty=certainty, trust=trust)]), None, GRID) == 128).sum()
        for certainty, trust in ((1.0, 1.0), (0.8, 1.0), (0.8, 0.8), (0.3, 0.5))
    ]
    assert areas == sorted(areas)
    assert len(set(areas)) == 4


def test_the_band_widens_only_where_doubt_is():
    certainty = np.ones(SHAPE, np.float32)
    certainty[:, 80:] = 0.1
    doubtful = Carried(answer().carried.labels, certainty, 1.0)
    sure, found = draw(blend([answer()]), None, GRID), draw(blend([Answer(doubtful, 1.0, MARGIN)]), None, GRID)
    assert np.array_equal(found[:, :50], sure[:, :50])
    assert (found == 128)[:, 75:].sum() > 1.5 * (sure == 128)[:, 75:].sum()


def test_what_only_one_direction_holds_is_unknown():
    first, second = disc(50), disc(70)
    trimap = draw(blend([answer(first), answer(second)]), None, GRID)
    assert (trimap[first != second] == 128).all()
    assert trimap[45, 60] == 255


def post(left=58, right=63):
    """Thinner than two margins."""
    alpha = np.zeros(SHAPE, np.float32)
    alpha[:, left:right] = 1
    return alpha


def test_the_core_of_what_is_thin_stays_solid_where_it_was_followed():
    core = post(60, 61)
    assert (draw(blend([answer(post())]), None, GRID)[:, 60] == 128).all()
    for certainty, expected in ((0.8, 255), (0.1, 128)):
        trimap = draw(blend([answer(post(), core=core, certainty=certainty)]), None, GRID)
        assert (trimap[:, 60] == expected).all()
        assert (trimap[:, [58, 62]] == 128).all()


def unknown(odds=None, **carried):
    return draw(blend([answer(**carried)] * 2), odds, GRID) == 128


def test_what_was_background_leaves_the_band_where_all_around_was_followed():
    clear = 1 - disc(radius=23)
    wide, narrow = unknown(trust=0.93), unknown(trust=0.93, clear=clear)
    assert (wide & (clear > 0)).sum() > 100
    np.testing.assert_array_equal(narrow, wide & (clear == 0))
    np.testing.assert_array_equal(unknown(trust=0.9, clear=clear), unknown(trust=0.9))


def test_a_pixel_that_was_followed_among_others_that_were_not_stays_in_the_band():
    certainty = np.full(SHAPE, 0.5, np.float32)
    certainty[::4, ::4] = 1.0
    carried = answer(clear=1 - disc(radius=25)).carried
    alone = Answer(Carried(carried.labels, certainty, 1.0), 1.0, MARGIN)
    without = Answer(Carried(answer().carried.labels, certainty, 1.0), 1.0, MARGIN)
    np.testing.assert_array_equal(draw(blend([alone] * 2), None, GRID), draw(blend([without] * 2), None, GRID))


def test_one_direction_alone_clears_nothing():
    carried = answer(clear=1 - disc(radius=23), trust=0.93)
    np.testing.assert_array_equal(draw(blend([carried]), None, GRID) == 128, unknown(trust=0.93))


def test_what_was_background_and_looks_like_the_object_now_is_unknown():
    clear, odds = 1 - disc(radius=25), np.full(SHAPE, -1.0, np.float32)
    odds[40:50, 90:100] = 3.0
    found = unknown(odds=odds, clear=clear, trust=0.96)
    assert found[41:49, 91:99].all()
    assert not found[:30, 90:].any()


def test_what_was_background_stays_unknown_where_the_other_direction_has_the_object():
    near, far = answer(clear=1 - disc(radius=25)), answer(disc(70), clear=1 - disc(70, radius=25))
    trimap = draw(blend([near, far]), None, GRID)
    assert (trimap[disc() != disc(70)] == 128).all()


def test_a_core_that_the_other_direction_denies_is_unknown():
    near, far = answer(post(), core=post(60, 61), nearness=0.9), answer(np.zeros(SHAPE, np.float32), nearness=0.1)
    assert (draw(blend([near, far]), None, GRID)[:, 60] == 128).all()


def test_what_is_unknown_for_its_own_sake_stays_so_by_one_directions_word():
    cloud = disc(100, 20, 15)
    assert (draw(blend([answer(), answer(open_=cloud)]), None, GRID)[cloud > 0] == 128).all()


def test_what_looks_like_the_object_is_unknown_though_nothing_was_carried_there():
    odds = np.full(SHAPE, -4, np.float32)
    strange = disc(100, 70, 12) > 0
    odds[strange] = 4
    trimap = draw(blend([answer()]), odds, GRID)
    assert (trimap[strange] == 128).all()
    assert (trimap[distance(strange) > 6][draw(blend([answer()]), None, GRID)[distance(strange) > 6] == 0] == 0).all()


def test_a_rare_object_must_look_more_like_itself():
    strange = disc(100, 70, 12) > 0
    odds = np.where(strange, 1, -4).astype(np.float32)
    for share, found in ((0.3, True), (0.01, False)):
        prior = float(np.log(share / (1 - share)))
        assert (draw(blend([answer()]), odds, GRID, prior)[strange] == 128).all() == found


def test_what_stuck_without_certainty_and_looks_like_background_is_let_go():
    stuck = disc(100, 70, 12)
    odds = np.where(disc() > 0, 4, -4).astype(np.float32)
    carried = blend([answer(open_=stuck, certainty=0.3)])
    assert (draw(carried, None, GRID)[stuck > 0] == 128).all()
    assert (draw(carried, odds, GRID)[stuck > 0] == 0).all()


def test_a_sure_edge_is_unknown_whatever_it_looks_like():
    odds = np.full(SHAPE, -4, np.float32)
    trimap = draw(blend([answer()]), odds, GRID)
    assert np.array_equal(trimap, draw(blend([answer()]), None, GRID))


def test_the_nearer_and_the_surer_direction_decide():
    first, second = disc(50), disc(70)
    near = blend([answer(first, nearness=0.9), answer(second, nearness=0.1)])
    np.testing.assert_allclose(near.alpha, 0.9 * first + 0.1 * second, atol=1e-4)
    sure = blend([answer(first, trust=1.0), answer(second, trust=0.5)])
    np.testing.assert_allclose(sure.alpha, 0.8 * first + 0.2 * second, atol=1e-4)


def test_confidence_is_trust_times_the_root_of_certainty_less_what_contradicts():
    assert blend([answer(certainty=0.64, trust=0.9)]).confidence == pytest.approx(0.72, abs=1e-4)
    first, second = disc(50), disc(70)
    both = blend([answer(first), answer(second)])
    contradicted = (first != second).sum() / ((first > 0) | (second > 0)).sum()
    assert both.confidence == pytest.approx(1 - contradicted, abs=1e-4)
