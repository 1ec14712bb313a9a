import cv2
import numpy as np
import pytest

from dvm_core.dense_flow import fetched, flow, grey


@pytest.fixture
def picture():
    noise = np.random.default_rng(3).random((90, 110, 3), dtype=np.float32)
    return cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 2.5), None, 0, 1, cv2.NORM_MINMAX)


def test_a_shift_is_found_and_undone(picture):
    moved = np.roll(picture, (3, -5), axis=(0, 1))
    way = flow(grey(moved), grey(picture))
    inner = np.s_[20:-20, 20:-20]
    assert np.abs(way[inner] - np.float32((5, -3))).mean() < 0.2
    assert np.abs(fetched(picture, way) - moved)[inner].mean() < 0.01


def test_the_finest_search_follows_what_the_other_blurs_over():
    rng = np.random.default_rng(8)
    here = np.zeros((120, 120), np.uint8)
    for column in rng.integers(10, 110, 12).tolist():  # strands a pixel wide, each with a motion of its own
        cv2.line(here, (column, 5), (column, 115), 255, 1)
    there = cv2.warpAffine(here, np.float32([[1, 0.05, -3], [0, 1, 0]]), here.shape[::-1])
    left = [
        np.abs(fetched(there.astype(np.float32), flow(here, there, finest=finest)) - here)[20:-20, 20:-20].mean()
        for finest in (False, True)
    ]
    assert left[1] < 0.8 * left[0]


def test_rows_are_fetched_as_the_whole_picture_is():
    rng = np.random.default_rng(4)
    picture, way = rng.random((30, 20)).astype(np.float32), rng.normal(0, 3, (30, 20, 2)).astype(np.float32)
    np.testing.assert_array_equal(fetched(picture, way[11:17], top=11), fetched(picture, way)[11:17])


def test_fetching_looks_where_the_way_leads_and_goes_on_outside():
    picture = np.arange(20, dtype=np.float32).reshape(4, 5)
    way = np.zeros((4, 5, 2), np.float32)
    way[..., 0] = 1
    expected = picture[:, [1, 2, 3, 4, 4]]
    np.testing.assert_array_equal(fetched(picture, way), expected)


@pytest.mark.parametrize("shape", [(1, 1), (3, 40), (9, 5)])
def test_pictures_smaller_than_the_search_are_taken(shape):
    still = np.zeros(shape, np.uint8)
    for finest in (False, True):
        np.testing.assert_allclose(flow(still, still, finest=finest), np.zeros((*shape, 2)), atol=1e-3)
