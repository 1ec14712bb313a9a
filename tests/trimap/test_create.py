"""Trimaps against plain morphology, and at the edges of what a matte can be."""

import cv2
import numpy as np
import pytest

from dvm_core.bridge.errors import InputError, UsageError
from dvm_core.trimap.create import make_trimap


@pytest.fixture
def matte():
    image = np.zeros((61, 83), np.float32)
    cv2.ellipse(image, (40, 30), (25, 17), 20, 0, 360, 1.0, -1)
    cv2.line(image, (40, 30), (82, 2), 1.0, 3)
    image[28:33, 35:42] = 0
    return image


def disc(radius):
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    return (x * x + y * y <= radius * radius).astype(np.uint8)


@pytest.mark.parametrize(("erode", "dilate"), [(0, 0), (1, 0), (0, 1), (3, 5), (7, 2), (25, 25)])
def test_hard_mattes_shrink_as_by_morphology_with_a_disc(matte, erode, dilate):
    foreground = cv2.erode(matte, disc(erode))
    background = cv2.dilate(matte, disc(dilate))
    expected = np.where(foreground == 1, 255, np.where(background == 0, 0, 128))
    np.testing.assert_array_equal(make_trimap(matte, erode=erode, dilate=dilate), expected)


def test_soft_values_are_unknown_without_any_widening():
    ramp = np.linspace(0, 1, 101, dtype=np.float32)[None]
    trimap = make_trimap(ramp, erode=0, dilate=0)[0]
    assert trimap[:5].tolist() == [0] * 5
    assert set(trimap[6:95].tolist()) == {128}
    assert trimap[96:].tolist() == [255] * 5


def test_a_keys_overshoot_is_solid():
    assert make_trimap(np.array([[-0.3, 1.7, np.inf]]), erode=0, dilate=0).tolist() == [[0, 255, 255]]


def test_an_object_cut_by_the_border_is_not_eroded_there(matte):
    matte[:, :10] = 1
    assert np.all(make_trimap(matte, erode=4, dilate=4)[:, :6] == 255)


@pytest.mark.parametrize(("value", "expected"), [(0, 0), (0.5, 128), (1, 255)])
@pytest.mark.parametrize("size", [(7, 9), (1, 1), (0, 5)])
def test_a_matte_of_one_value_stays_of_one_value(value, expected, size):
    trimap = make_trimap(np.full(size, value, np.float64), erode=3, dilate=3)
    assert trimap.shape == size
    assert trimap.dtype == np.uint8
    assert np.all(trimap == expected)


def test_a_transposed_matte_gives_a_transposed_trimap(matte):
    np.testing.assert_array_equal(make_trimap(matte.T, erode=2, dilate=6), make_trimap(matte, erode=2, dilate=6).T)


def test_negative_radii_are_wrong_usage(matte):
    with pytest.raises(UsageError, match="found -1 and 3"):
        make_trimap(matte, erode=-1, dilate=3)


def test_nan_and_colour_are_refused(matte):
    with pytest.raises(InputError, match=r"shape \(61, 83, 3\)"):
        make_trimap(np.stack([matte] * 3, -1), erode=1, dilate=1)
    matte[3, 4] = np.nan
    with pytest.raises(InputError, match="NaN"):
        make_trimap(matte, erode=1, dilate=1)
