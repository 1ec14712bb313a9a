import numpy as np
import pytest

from dvm_core.model.cues import CHANNELS, CuedFrame, network_input

FORE, BACK = np.float32([0.9, 0.3, 0.1]), np.float32([0.1, 0.2, 0.6])


def two_colours(size=(40, 60), band=slice(20, 40)):
    """A linear mix of two colours across an unknown band, and its true alpha."""
    alpha = np.zeros(size, np.float32)
    alpha[:, band] = np.linspace(0, 1, band.stop - band.start)
    alpha[:, band.stop :] = 1
    plate = alpha[..., None] * FORE + (1 - alpha[..., None]) * BACK
    trimap = np.full(size, 128, np.uint8)
    trimap[:, : band.start], trimap[:, band.stop :] = 0, 255
    return plate, trimap, alpha


def test_projection_recovers_a_mix_of_two_known_colours():
    plate, trimap, alpha = two_colours()
    channels = network_input(plate, trimap)
    for projection in (11, 12):
        np.testing.assert_allclose(channels[projection], alpha, atol=5e-3)
    assert channels[13].max() < 1e-2


def test_colours_of_the_unknown_are_those_of_the_nearest_known():
    plate, trimap, _ = two_colours()
    channels = network_input(plate, trimap)
    np.testing.assert_allclose(channels[5:8, :, 25], np.repeat(FORE[:, None], 40, 1), atol=1e-3)
    np.testing.assert_allclose(channels[8:11, :, 25], np.repeat(BACK[:, None], 40, 1), atol=1e-3)


def test_a_deeper_sample_is_taken_where_it_explains_the_pixel_better():
    plate, trimap, _ = two_colours(band=slice(20, 30))
    plate[:, 30:36] = (0.0, 0.9, 0.0)  # a green rim hides the foreground's own colour
    plate[:, 20:30] = 0.5 * FORE + 0.5 * BACK
    channels = network_input(plate, trimap)
    assert channels[13, :, 25].max() < 0.05
    np.testing.assert_allclose(channels[12, :, 25], 0.5, atol=0.03)


def test_known_pixels_carry_themselves():
    plate, trimap, _ = two_colours()
    channels = network_input(plate, trimap)
    known = trimap != 128
    for first in (0, 5, 8):
        np.testing.assert_array_equal(channels[first : first + 3, known], plate.transpose(2, 0, 1)[:, known])
    for fraction in (11, 12, 14):
        np.testing.assert_array_equal(channels[fraction][known], (trimap == 255)[known])


def test_distances_match_a_search_over_all_known_pixels():
    generator = np.random.default_rng(3)
    trimap = generator.choice(np.uint8([0, 128, 255]), (24, 31), p=[0.02, 0.96, 0.02])
    channels = network_input(generator.random((24, 31, 3), dtype=np.float32), trimap)
    unknown = np.argwhere(trimap == 128)
    for value, channel in ((255, 15), (0, 16)):
        gaps = unknown[:, None] - np.argwhere(trimap == value)[None]
        nearest = np.sqrt((gaps**2).sum(axis=2)).min(axis=1)
        found = 16 / channels[channel][trimap == 128] - 16
        np.testing.assert_allclose(found, nearest, rtol=0.03, atol=0.1)  # a 5x5 chamfer distance is off by 2 %


@pytest.mark.parametrize("present", [(128,), (0, 128), (128, 255), (0,), (255,), (0, 255)])
def test_a_side_that_is_missing_gives_neutral_cues(present):
    generator = np.random.default_rng(4)
    trimap = generator.choice(np.uint8(present), (20, 30))
    channels = network_input(generator.random((20, 30, 3), dtype=np.float32), trimap)
    assert np.isfinite(channels).all()
    assert channels.min() >= 0
    assert channels[[*range(13), *range(14, CHANNELS)]].max() <= 1


def test_a_crop_is_a_part_of_the_whole():
    generator = np.random.default_rng(5)
    trimap = generator.choice(np.uint8([0, 128, 255]), (40, 50))
    plate = generator.random((40, 50, 3), dtype=np.float32)
    crop = CuedFrame(plate, trimap).crop(slice(3, 20), slice(11, 48))
    assert crop.shape == (1, CHANNELS, 17, 37)
    np.testing.assert_array_equal(crop[0].numpy(), network_input(plate, trimap)[:, 3:20, 11:48])
