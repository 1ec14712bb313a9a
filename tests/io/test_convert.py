import numpy as np
import pytest

from dvm_core.io.colour import ColourSpace
from dvm_core.io.convert import linear_name, to_display, to_linear
from dvm_core.io.primaries import matrix_to_rec709

LINEAR = ColourSpace("lin_rec709_scene", "test")
SRGB = ColourSpace("srgb_rec709_scene", "test")
ACESCG = ColourSpace("lin_ap1_scene", "test")
ACESCG_PRIMARIES = (0.713, 0.293, 0.165, 0.830, 0.128, 0.044, 0.32168, 0.33767)
LOG = ColourSpace("ACEScct", "test")


def test_an_untagged_float_colour_is_the_srgb_of_rec709(srgb):
    colour = np.array([[[0.2, 0.6, 0.1]]], np.float32)
    np.testing.assert_allclose(to_display(colour, LINEAR), srgb(colour), atol=2e-4)
    np.testing.assert_allclose(to_display(colour, LINEAR)[0, 0], [0.48, 0.80, 0.35], atol=5e-3)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_linear_light_is_encoded_by_the_srgb_curve(noise, srgb, dtype):
    pixels = noise(37, 41, 3).astype(dtype)
    display = to_display(pixels, LINEAR)
    assert display.dtype == np.float32
    assert display.flags.c_contiguous
    np.testing.assert_allclose(display, srgb(pixels), atol=2e-5 if dtype is np.float16 else 2.5e-4)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_srgb_integers_are_only_scaled(dtype):
    most = np.iinfo(dtype).max
    pixels = np.arange(0, int(0.94 * most), max(1, most // 251), dtype=dtype).reshape(1, -1, 1).repeat(3, axis=2)
    np.testing.assert_allclose(to_display(pixels, SRGB), pixels / most, atol=1e-6)


def test_srgb_integers_become_linear_light(srgb):
    pixels = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=2)
    np.testing.assert_allclose(srgb(to_linear(pixels, SRGB)), pixels / 255, atol=2e-5)
    assert linear_name(SRGB) == "lin_rec709_scene"


def test_other_primaries_go_through_their_matrix(noise, srgb):
    pixels = noise(9, 11, 3).astype(np.float16)
    linear = np.maximum(pixels.astype(np.float64) @ matrix_to_rec709(ACESCG_PRIMARIES).T, 0)
    expected = np.where(srgb(linear) > 0.95, 1 - 0.05**2 / (srgb(linear) - 0.9), srgb(linear))
    np.testing.assert_allclose(to_display(pixels, ACESCG), expected, atol=5e-4)


def test_a_matrix_from_chromaticities_is_applied_first(noise):
    pixels = noise(9, 11, 3).astype(np.float16)
    matrix = tuple(tuple(row) for row in matrix_to_rec709(ACESCG_PRIMARIES).tolist())
    by_matrix = ColourSpace("lin_rec709_scene", "test", matrix)
    np.testing.assert_allclose(to_display(pixels, by_matrix), to_display(pixels, ACESCG), atol=3e-4)
    np.testing.assert_allclose(to_linear(pixels, by_matrix), pixels @ np.array(matrix, np.float32).T, atol=1e-5)


def test_a_curve_and_a_matrix_together_go_through_opencolorio_pixel_by_pixel(noise):
    grey = np.full((3, 5, 3), 0.4135884, np.float32)
    # ACEScct of 18 % grey (S-2016-001); grey stays grey in any primaries.
    np.testing.assert_allclose(to_linear(grey, LOG), 0.18, atol=1e-4)
    np.testing.assert_allclose(to_display(grey, LOG), 0.4614, atol=1e-3)


@pytest.mark.parametrize("space", [LINEAR, ACESCG])
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_scene_linear_values_are_kept_as_they_are(noise, space, dtype):
    pixels = noise(5, 7, 3).astype(dtype) * dtype(30) - dtype(1)
    np.testing.assert_array_equal(to_linear(pixels, space), pixels.astype(np.float32))
    assert linear_name(space) == space.name


@pytest.mark.parametrize("space", [LINEAR, ACESCG, LOG])
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_nan_negative_and_infinite_values_harm_nobody(space, dtype):
    pixels = np.full((2, 4, 3), 0.5, dtype)
    pixels[0, 0] = np.nan
    pixels[0, 1] = -np.inf
    pixels[0, 2] = np.inf
    pixels[0, 3] = -2
    display, linear = to_display(pixels, space), to_linear(pixels, space)
    assert np.isfinite(display).all()
    assert np.isfinite(linear).all()
    assert display.min() >= 0
    assert display.max() <= 1
    if space is not LOG:
        np.testing.assert_allclose(display[0, 2], 1, atol=1e-3)
        assert not display[0, 0].any()
        assert not display[0, 3].any()


def test_highlights_beyond_half_are_as_bright_as_can_be():
    pixels = np.full((1, 2, 3), 1e9, np.float32)
    np.testing.assert_allclose(to_display(pixels, LINEAR), 1, atol=1e-3)


@pytest.mark.parametrize("shape", [(0, 5, 3), (5, 0, 3), (1, 1, 3), (400, 801, 3)])
def test_any_size_is_converted_whole(shape, srgb):
    pixels = np.random.default_rng(1).random(shape, np.float32).astype(np.float16) * np.float16(0.5)
    np.testing.assert_allclose(to_display(pixels, LINEAR), srgb(pixels), atol=1e-4)


def test_pixels_need_not_be_contiguous(noise):
    pixels = noise(20, 30, 6).astype(np.float16)[::2, ::-1, 1:4]
    for space in (LINEAR, ACESCG):
        np.testing.assert_array_equal(to_display(pixels, space), to_display(pixels.copy(), space))
