import cv2
import numpy as np
import pytest

from dvm_core.trimap.propagate_flow import fetched, flow, grey


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


def test_fetching_looks_where_the_way_leads_and_goes_on_outside():
    picture = np.arange(20, dtype=np.float32).reshape(4, 5)
    way = np.zeros((4, 5, 2), np.float32)
    way[..., 0] = 1
    expected = picture[:, [1, 2, 3, 4, 4]]
    np.testing.assert_array_equal(fetched(picture, way), expected)


@pytest.mark.parametrize("shape", [(1, 1), (3, 40), (9, 5)])
def test_pictures_smaller_than_the_search_are_taken(shape):
    still = np.zeros(shape, np.uint8)
    assert flow(still, still).shape == (*shape, 2)
