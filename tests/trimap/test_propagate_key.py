"""Keys whose alpha is known, with bands as artists draw them."""

import cv2
import numpy as np
import pytest

from dvm_core.trimap.propagate_grid import Grid, distance
from dvm_core.trimap.propagate_key import understand

SHAPE = (80, 100)
GRID = Grid(SHAPE, SHAPE)


def disc(radius, soft=2.0):
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    return np.clip((radius - np.hypot(x - 50, y - 40)) / soft + 0.5, 0, 1).astype(np.float32)


def plate(alpha):
    return alpha[..., None] * np.float32((0.9, 0.5, 0.2)) + (1 - alpha[..., None]) * np.float32((0.1, 0.3, 0.6))


def trimap(alpha, band):
    mixed = (alpha > 0.004) & (alpha < 0.996)
    return np.where(distance(mixed) <= band, 128, np.where(alpha > 0.5, 255, 0)).astype(np.uint8)


@pytest.mark.parametrize("band", [2, 4, 7])
def test_the_alpha_and_the_width_of_the_band_are_found_again(band):
    alpha = disc(22)
    labels, margin = understand(plate(alpha), trimap(alpha, band), GRID)
    assert np.abs(labels[0] - alpha).max() < 0.05
    assert margin == pytest.approx(band, abs=1.5)
    assert labels[1].mean() < 0.02
    np.testing.assert_array_equal(labels[2], trimap(alpha, band) == 255)
    np.testing.assert_array_equal(labels[3], trimap(alpha, band) == 0)


def test_wide_blur_is_unknown_for_its_own_sake_and_leaves_the_margin_narrow():
    alpha = disc(22, soft=24)
    labels, margin = understand(plate(alpha), trimap(alpha, 3), GRID)
    assert margin <= 4
    assert labels[1][(alpha > 0.2) & (alpha < 0.8)].mean() > 0.95


def test_a_scribbled_area_is_unknown_for_its_own_sake():
    alpha = disc(15)
    drawn = trimap(alpha, 3)
    cv2.rectangle(drawn, (68, 5), (95, 70), 128, -1)
    labels, margin = understand(plate(alpha), drawn, GRID)
    assert margin <= 8
    assert labels[1][20:50, 78:90].all()
    assert not labels[1][35:45, 45:55].any()


def test_a_reduced_key_counts_as_known_only_what_is_known_throughout():
    drawn = np.zeros((80, 100), np.uint8)
    drawn[:, 51:] = 255
    labels, margin = understand(np.zeros((20, 25, 3), np.float32), drawn, Grid((80, 100), (20, 25)))
    assert margin >= 1
    assert (labels[0][:, :12] == 0).all()
    assert (labels[0][:, 13:] == 1).all()
