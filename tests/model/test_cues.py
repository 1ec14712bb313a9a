import cv2
import numpy as np
import pytest
import torch

from dvm_core.model.colour_model import KnownColours
from dvm_core.model.cues import CHANNELS, CuedFrame, band_radius, network_input

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
        half = 1.6 * band_radius(trimap)
        found = half / channels[channel][trimap == 128] - half
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


def test_what_is_made_of_a_crop_stays_channels_last():
    plate, trimap, _ = two_colours()
    crop = CuedFrame(plate, trimap).crop(slice(0, 32), slice(8, 56))
    others = torch.zeros(1, 4, 32, 48).contiguous(memory_format=torch.channels_last)
    joined = torch.cat([others, crop.contiguous(memory_format=torch.channels_last)], dim=1)
    assert joined.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("channels", [1, 3, 5, CHANNELS])
def test_a_crop_of_the_first_channels_is_a_part_of_all(channels):
    plate, trimap, _ = two_colours()
    frame, part = CuedFrame(plate, trimap), (slice(2, 30), slice(15, 50))
    np.testing.assert_array_equal(frame.crop(*part, channels).numpy(), frame.crop(*part)[:, :channels].numpy())


@pytest.mark.parametrize("channels", [3, CHANNELS])
def test_a_crop_in_less_precision_is_the_crop_rounded(channels):
    plate, trimap, _ = two_colours()
    frame, part = CuedFrame(plate, trimap), (slice(2, 30), slice(15, 50))
    rounded = frame.crop(*part, channels, torch.bfloat16)
    assert torch.equal(rounded, frame.crop(*part, channels).bfloat16())


def test_a_plate_that_may_not_be_written_is_read(recwarn):
    plate, trimap, _ = two_colours()
    plate.flags.writeable = trimap.flags.writeable = False
    frame = CuedFrame(plate, trimap)
    for channels in (3, None):
        frame.crop(slice(None), slice(None), channels)
    assert not recwarn.list


def disc_trimap(radius, size=160, solid=50):
    """A disc of radius `solid` whose edge was dilated by an ellipse; as evaluation and most tools make trimaps."""
    disc = np.zeros((size, size), np.uint8)
    cv2.circle(disc, (size // 2, size // 2), solid, 255, -1)
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return np.where(cv2.dilate(disc, brush) != cv2.erode(disc, brush), np.uint8(128), disc)


@pytest.mark.parametrize("radius", [2, 6, 12, 25])
def test_the_radius_of_an_even_band_is_what_it_was_dilated_by(radius):
    assert band_radius(disc_trimap(radius)) == pytest.approx(radius, abs=1.5)


def test_a_picture_at_twice_the_size_has_the_same_cues_of_distance():
    trimap = disc_trimap(8)
    plate = np.random.default_rng(6).random((*trimap.shape, 3), dtype=np.float32)
    large = [np.kron(picture, np.ones((2, 2, 1), picture.dtype)) for picture in (plate, trimap[..., None])]
    small, twice = network_input(plate, trimap), network_input(large[0], large[1][..., 0])
    for channel in (14, 15, 16):
        np.testing.assert_allclose(twice[channel, ::2, ::2], small[channel], atol=0.06)


def test_wide_unknown_parts_do_not_hide_how_narrow_the_band_is():
    trimap = disc_trimap(5)
    trimap[:40, :60] = 128
    assert band_radius(trimap) == pytest.approx(5, abs=1.5)


def test_a_ragged_rim_does_not_make_a_band_narrow():
    trimap = disc_trimap(10)
    rng = np.random.default_rng(9)
    specks = cv2.dilate((rng.random(trimap.shape) < 0.002).astype(np.uint8), np.ones((2, 2), np.uint8)) > 0
    assert band_radius(np.where(specks & (trimap == 0), np.uint8(128), trimap)) == pytest.approx(10, abs=2)


@pytest.mark.parametrize(("value", "radius"), [(0, 1.0), (255, 1.0), (128, 64.0)])
def test_a_trimap_without_a_band_has_a_radius_within_bounds(value, radius):
    assert band_radius(np.full((30, 40), value, np.uint8)) == radius


def test_keys_tell_a_frame_of_colours_that_its_own_trimap_does_not_know():
    plate, trimap, _ = two_colours()
    blind = np.where(trimap == 255, 128, trimap).astype(np.uint8)
    everything = slice(None)
    alone, told = (
        CuedFrame(plate, blind, keys).crop(everything, everything)[0].numpy()
        for keys in (None, KnownColours.of(plate, trimap))
    )
    np.testing.assert_array_equal(alone, network_input(plate, blind))
    np.testing.assert_array_equal(told[:17], alone[:17])
    assert told[19, 20, 50] > 0.8  # familiar to the foreground
    assert told[19, 20, 10] == alone[19, 20, 10] == 0  # known pixels need no telling
    assert told[19, 20, 22] < 0.3 < 0.4 < alone[19, 20, 22]  # who knows no foreground takes any colour for one
