"""Foreground colour against pymatting itself, and against composites whose colours are known."""

import cv2
import numpy as np
import pytest

from dvm_core.bridge.errors import InputError
from dvm_core.foreground import LARGEST_HALF, estimate


@pytest.fixture
def composite():
    """A soft disc, its straight foreground colour, the background, and the plate that they make."""
    y, x = np.mgrid[:60, :84].astype(np.float32)
    alpha = np.clip((22 - np.hypot(x - 42, y - 30)) / 10 + 0.5, 0, 1)
    foreground = np.stack([0.7 + 0.002 * x, 0.3 + 0.001 * y, np.full_like(x, 0.1)], -1)
    background = np.stack([np.full_like(x, 0.1), 0.2 + 0.002 * x, 0.8 - 0.003 * y], -1)
    plate = alpha[..., None] * foreground + (1 - alpha[..., None]) * background
    return plate.astype(np.float32), alpha.astype(np.float32), foreground.astype(np.float32)


def test_colours_in_range_come_out_as_pymatting_gives_them(composite):
    from pymatting import estimate_foreground_ml

    plate, alpha, _ = composite
    soft = alpha < 1
    expected = estimate_foreground_ml(plate, alpha)
    np.testing.assert_allclose(estimate(plate, alpha)[soft], expected[soft], atol=1e-6)


def test_the_known_colour_of_a_soft_edge_is_found(composite):
    plate, alpha, foreground = composite
    edge = (alpha > 0.1) & (alpha < 1)
    error = np.abs(estimate(plate, alpha) - foreground)[edge].mean()
    assert error < 0.05
    assert error < 0.3 * np.abs(plate - foreground)[edge].mean()


@pytest.mark.parametrize(("gain", "offset"), [(40.0, 0.0), (3.0, -0.7)], ids=["highlights", "negative"])
def test_colours_beyond_one_and_below_zero_survive(composite, gain, offset):
    plate, alpha, foreground = composite
    edge = (alpha > 0.1) & (alpha < 1)
    graded = estimate(plate * np.float32(gain) + np.float32(offset), alpha)
    assert np.abs((graded - offset) / gain - foreground)[edge].mean() < 0.05
    assert graded.max() > 1
    assert (graded.min() < 0) == (offset < 0)


def test_solid_pixels_keep_the_plate_bit_for_bit(composite):
    plate, alpha, _ = composite
    plate = plate * np.float32(17.3) - np.float32(0.2)
    solid = alpha == 1
    assert solid.any()
    assert np.array_equal(estimate(plate, alpha)[solid], plate[solid])


def test_empty_pixels_continue_the_nearby_foreground(composite):
    plate, alpha, foreground = composite
    ring = (alpha == 0) & (cv2.dilate(alpha, np.ones((7, 7))) > 0)
    assert np.abs(estimate(plate, alpha) - foreground)[ring].mean() < 0.1
    assert np.abs(plate - foreground)[ring].mean() > 0.3


def test_nan_and_infinity_never_come_out(composite):
    plate, alpha, _ = composite
    plate[30, 42], plate[30, 20, 0], plate[2, 2] = np.nan, np.inf, -np.inf
    result = estimate(plate, alpha)
    assert np.isfinite(result).all()
    assert np.all(result[30, 42] == 0)
    assert result.max() <= LARGEST_HALF


def test_a_frame_that_is_all_foreground_is_the_plate(composite):
    plate, _, _ = composite
    assert np.array_equal(estimate(plate, np.ones(plate.shape[:2], np.float32)), plate)


def test_a_frame_without_foreground_is_black(composite):
    plate, _, _ = composite
    assert not estimate(plate, np.zeros(plate.shape[:2], np.float32)).any()


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (5, 1), (0, 4), (3, 3)])
def test_tiny_frames_pass(size):
    result = estimate(np.full((*size, 3), 0.4, np.float32), np.full(size, 0.5, np.float32))
    assert result.shape == (*size, 3)
    assert np.isfinite(result).all()


def test_strided_input_gives_what_its_copy_gives(composite):
    plate, alpha, _ = composite
    strided = plate[::2, ::3], alpha[::2, ::3]
    assert np.array_equal(estimate(*strided), estimate(*map(np.ascontiguousarray, strided)))


def test_sizes_that_differ_and_wrong_alphas_are_refused(composite):
    plate, alpha, _ = composite
    with pytest.raises(InputError, match="one size"):
        estimate(plate, alpha[1:])
    with pytest.raises(InputError, match="one size"):
        estimate(plate[..., :2], alpha)
    for value in (np.nan, 1.5):
        alpha[0, 0] = value
        with pytest.raises(InputError, match=r"in \[0, 1\]"):
            estimate(plate, alpha)
