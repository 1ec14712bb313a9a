"""The comp is mixed in linear light and shown through the sRGB curve."""

import numpy as np

from dvm_core.review.comp import display_bytes, over, unit_bytes


def srgb(linear):
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def test_half_coverage_mixes_light_and_not_code_values():
    comp = over(np.ones((1, 1, 3), np.float32), np.full((1, 1), 0.5, np.float32), (0.0, 0.0, 0.0))
    assert display_bytes(comp)[0, 0].tolist() == [188, 188, 188]


def test_solid_and_empty_pixels_are_foreground_and_background():
    rng = np.random.default_rng(0)
    foreground, background = rng.random((2, 4, 5, 3), np.float32) * 3
    assert np.array_equal(over(foreground, np.ones((4, 5)), background), foreground)
    assert np.array_equal(over(foreground, np.zeros((4, 5)), background), background)


def test_display_follows_the_srgb_curve_below_the_highlights():
    ramp = np.linspace(0, 0.85, 300, dtype=np.float32).reshape(10, 10, 3)
    np.testing.assert_allclose(display_bytes(ramp), 255 * srgb(ramp), atol=0.6)


def test_highlights_keep_their_order_instead_of_clipping():
    values = [int(display_bytes(np.full((1, 1, 3), light, np.float32))[0, 0, 0]) for light in (0.9, 1, 2, 8)]
    assert values == sorted(set(values))


def test_bytes_never_wrap_around():
    assert unit_bytes(np.array([-1.0, np.nan, 0.5, 1.2])).tolist() == [0, 0, 128, 255]
