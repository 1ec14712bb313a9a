"""The trimap rule, held to a brute-force dilation."""

import numpy as np
import pytest


def _ellipse_dilated(mask, radius):
    """Every pixel within `radius` of a mixed one, looked at one by one."""
    rows, columns = np.nonzero(mask)
    y, x = np.indices(mask.shape)
    return ((y[..., None] - rows) ** 2 + (x[..., None] - columns) ** 2 <= (radius + 0.5) ** 2).any(axis=2)


@pytest.mark.parametrize(("width", "radius"), [("narrow", 3), ("medium", 6), ("wide", 12)])
def test_unknown_is_a_disc_of_the_stated_radius_around_a_mixed_pixel(width, radius):
    from benchmarks.evaluation.trimaps import evaluation_trimap

    alpha = np.zeros((64, 640), np.float32)
    alpha[32, 300] = 0.5
    unknown = evaluation_trimap(alpha, width) == 128
    expected = _ellipse_dilated(alpha == 0.5, radius)
    assert unknown[32, 300 - radius]
    assert not unknown[32, 300 - radius - 1]
    assert unknown[32 + radius, 300]
    assert not unknown[32 + radius + 1, 300]
    assert (unknown != expected).sum() <= 4 * radius  # OpenCV rounds the ellipse's rows


def test_the_radius_grows_with_the_width():
    from benchmarks.evaluation.trimaps import evaluation_trimap

    alpha = np.zeros((64, 1920), np.float32)
    alpha[32, 900] = 0.5
    unknown = evaluation_trimap(alpha, "medium")[32] == 128
    assert unknown.sum() == 2 * 18 + 1


def test_alphas_that_are_almost_known_are_known():
    from benchmarks.evaluation.trimaps import evaluation_trimap

    alpha = np.full((8, 640), 1 / 255, np.float32)  # 0.39 %, below the bound of 0.4 %
    alpha[:, 320:] = 254 / 255
    trimap = evaluation_trimap(alpha, "medium")
    assert set(np.unique(trimap)) == {0, 255}
    assert (trimap[:, :320] == 0).all()


def test_every_mixed_pixel_is_unknown():
    from benchmarks.evaluation.trimaps import evaluation_trimap

    alpha = np.random.default_rng(0).random((40, 640), np.float32).round(2)
    mixed = (alpha > 0.004) & (alpha < 0.996)
    assert (evaluation_trimap(alpha, "narrow")[mixed] == 128).all()
