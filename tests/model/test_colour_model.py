import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt, gaussian_filter, map_coordinates

from dvm_core.model import colour_model
from dvm_core.model.colour_model import ColourModel, KnownColours

RED, GREEN, GREY = (0.8, 0.1, 0.1), (0.1, 0.7, 0.2), (0.5, 0.5, 0.5)


def halves(left=RED, right=GREEN, grain=0.03, size=(48, 64), seed=0):
    """A foreground on the left, a background on the right, and an unknown band between them."""
    plate = np.empty((*size, 3), np.float32)
    plate[:, : size[1] // 2], plate[:, size[1] // 2 :] = left, right
    plate += np.random.default_rng(seed).normal(0, grain, plate.shape).astype(np.float32)
    trimap = np.full(size, 128, np.uint8)
    trimap[:, : size[1] // 4], trimap[:, -size[1] // 4 :] = 255, 0
    return plate.clip(0, 1), trimap


def model(plate, trimap):
    return ColourModel(KnownColours.of(plate, trimap))


def look(model, *colours):
    return model.look_up(np.array(colours, np.float32).T)


def test_a_colour_belongs_to_the_side_that_has_it():
    said = look(model(*halves()), RED, GREEN)
    assert said.shape == (colour_model.CHANNELS, 2)
    assert (said[:2, 0] > 0.95).all()
    assert (said[:2, 1] < 0.05).all()
    assert said[2, 0] > 0.8 > 0.1 > said[3, 0]
    assert said[3, 1] > 0.8 > 0.1 > said[2, 1]


def test_a_colour_that_neither_side_has_is_undecided_and_unfamiliar():
    said = look(model(*halves()), (0.1, 0.1, 0.9))
    assert said[:2] == pytest.approx(0.5, abs=0.01)
    assert said[2:] == pytest.approx(0.0, abs=0.05)


def test_a_colour_that_both_sides_have_is_undecided_and_familiar():
    said = look(model(*halves(GREY, GREY)), GREY)
    assert said[:2] == pytest.approx(0.5, abs=0.05)
    assert (said[2:] > 0.8).all()


@pytest.mark.parametrize(("only", "its"), [(255, 2), (0, 3)])
def test_a_side_without_known_pixels_is_at_home_everywhere(only, its):
    plate, trimap = halves()
    trimap[trimap != only] = 128
    said = look(model(plate, trimap), (0.1, 0.1, 0.9), RED if only == 255 else GREEN)
    assert said[its, 0] < 0.05 < 0.8 < said[its, 1]
    for share in said[:2]:  # what the known side never shows is the other's
        assert (share[0] < 0.3 and share[1] > 0.9) if only == 255 else (share[0] > 0.7 and share[1] < 0.1)


def test_a_frame_without_any_known_pixel_says_nothing():
    plate, trimap = halves()
    said = look(model(plate, np.full_like(trimap, 128)), RED, GREEN)
    assert np.ptp(said, axis=1) == pytest.approx(0.0, abs=1e-6)
    assert said[:2] == pytest.approx(0.5, abs=1e-6)


def test_known_pixels_far_from_the_unknown_do_not_count():
    plate, trimap = halves(size=(32, 640))
    far = plate.copy()
    far[:, :140] = GREEN  # foreground that stands more than 160 pixels from anything unknown
    trimap[:, :320] = 255
    far[:, 140:320] = plate[:, 140:320] = RED
    plate[:, :140] = RED
    assert trimap[0, 320] == 128
    near = look(model(plate[:, 160:], trimap[:, 160:]), RED, GREEN)
    assert np.allclose(look(model(far, trimap), RED, GREEN), near, atol=0.02)


def test_the_densities_are_those_of_a_plain_computation():
    plate, trimap = halves(grain=0.1)
    bins = colour_model.BINS
    distance = distance_transform_edt(trimap != 128)
    cells = np.minimum((plate * bins).astype(int), bins - 1)
    sides = []
    for known in (trimap == 255, trimap == 0):
        density = np.zeros((bins,) * 3)
        np.add.at(density, tuple(cells[known].T), 1 / (1 + distance[known] / 32))
        sides.append(density * (bins**3 / density.sum()))
    narrow = [gaussian_filter(side, 0.6, truncate=10 / 3, mode="reflect") for side in sides]
    share = (narrow[0] + 0.1) / (narrow[0] + narrow[1] + 0.2)
    colours = np.random.default_rng(1).uniform(0.05, 0.95, (3, 200)).astype(np.float32)
    expected = map_coordinates(share, colours * bins - 0.5, order=1, mode="nearest")
    assert model(plate, trimap).look_up(colours)[0] == pytest.approx(expected, abs=0.02)


def test_look_ups_of_no_colour_give_none():
    assert model(*halves()).look_up(np.empty((3, 0), np.float32)).shape == (colour_model.CHANNELS, 0)


def test_what_several_frames_know_counts_by_their_shares():
    one, other = (KnownColours.of(*halves(left, GREY)) for left in (RED, GREEN))
    both = KnownColours.mixed([(one, 3.0), (other, 1.0)])
    np.testing.assert_allclose(both.densities, 0.75 * one.densities + 0.25 * other.densities, rtol=1e-5)
    said = look(ColourModel(both), RED, GREEN)
    assert (said[0] > 0.95).all()
    assert (said[2] > 0.8).all()


def test_a_side_that_a_frame_does_not_know_is_taken_from_those_that_do():
    plate, trimap = halves()
    whole, background = KnownColours.of(plate, trimap), KnownColours.of(plate, np.where(trimap == 255, 128, trimap))
    both = KnownColours.mixed([(background, 0.9), (whole, 0.1)])
    np.testing.assert_allclose(both.densities, whole.densities, rtol=1e-5)
    assert not KnownColours.mixed([(background, 1.0)]).densities[0].any()
