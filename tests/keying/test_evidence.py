import cv2
import numpy as np
import pytest

from dvm_core.keying.evidence import blur, gather


def test_the_mean_of_a_constant_is_that_constant_everywhere():
    where = np.zeros((40, 70), bool)
    where[3:6, 60:64] = True
    sums, weight = gather(np.full((40, 70, 3), 0.7, np.float32), where, 2.0)
    np.testing.assert_allclose(sums / weight[..., None], 0.7, rtol=1e-4)


def test_near_evidence_outweighs_far_evidence():
    values = np.zeros((20, 100, 1), np.float32)
    values[:, 50:] = 1.0
    where = np.zeros((20, 100), bool)
    where[8:12, 5:10] = where[8:12, 60:95] = True
    sums, weight = gather(values, where, 3.0)
    assert sums[10, 12, 0] / weight[10, 12] < 0.01


def test_nothing_known_has_no_weight():
    _, weight = gather(np.ones((8, 9, 2), np.float32), np.zeros((8, 9), bool), 2.0)
    assert not weight.any()


@pytest.mark.parametrize("sigma", [1.0, 3.0, 8.0])
@pytest.mark.parametrize("shape", [(64, 96), (64, 96, 3)])
def test_the_wide_mean_computed_reduced_is_near_the_full_one(sigma, shape):
    picture = cv2.GaussianBlur(np.random.default_rng(0).random(shape, dtype=np.float32), (0, 0), 2)
    full = cv2.GaussianBlur(picture, (0, 0), sigma)
    assert np.abs(blur(picture, sigma) - full)[8:-8, 8:-8].max() < 0.02


def test_a_picture_of_one_pixel_has_a_mean():
    assert blur(np.full((1, 1, 3), 0.25, np.float32), 5.0) == pytest.approx(0.25)
