import warnings

import numpy as np
import pymatting
import pytest

from dvm_core.bridge.errors import DvmError
from dvm_core.model import closed_form, load
from dvm_core.model.network import Window


@pytest.fixture(scope="module")
def model():
    return load("closed-form")


def soft_disc(height=90, width=120):
    """A soft disc over a plate of other colours: plate, trimap, exact alpha."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    radius = np.hypot(x - width * 0.45, y - height * 0.5) + 2 * np.sin(
        np.arctan2(y - height * 0.5, x - width * 0.45) * 9
    )
    alpha = np.clip((32 - radius) / 8, 0, 1)
    foreground = np.dstack([0.8 + 0.1 * np.sin(x / 9), 0.5 + 0.002 * y, 0.2 + 0 * x])
    background = np.dstack([0.1 + 0.002 * x, 0.3 + 0.1 * np.cos(y / 7), 0.6 + 0.001 * y])
    plate = alpha[..., None] * foreground + (1 - alpha[..., None]) * background
    plate += np.random.default_rng(0).normal(0, 0.005, plate.shape)
    trimap = np.where(radius < 20, 255, np.where(radius > 37, 0, 128)).astype(np.uint8)
    return plate.clip(0, 1).astype(np.float32), trimap, alpha


def assert_sound(alpha, trimap):
    assert alpha.dtype == np.float32
    assert alpha.shape == trimap.shape
    assert alpha.min() >= 0
    assert alpha.max() <= 1
    np.testing.assert_array_equal(alpha[trimap == 0], 0)
    np.testing.assert_array_equal(alpha[trimap == 255], 1)


def test_the_box_gives_what_the_whole_frame_gives(model):
    plate, trimap, truth = soft_disc()
    alpha = model.alpha(plate, trimap)
    whole = pymatting.estimate_alpha_cf(plate.astype(np.float64), trimap / 255.0)
    assert_sound(alpha, trimap)
    np.testing.assert_allclose(alpha, whole, atol=1e-5)
    assert np.abs(alpha - truth)[trimap == 128].mean() < 0.03


def test_an_unknown_region_at_a_corner_gives_what_the_whole_frame_gives(model):
    plate, _, _ = soft_disc(40, 50)
    trimap = np.zeros((40, 50), np.uint8)
    trimap[:9, :12] = 128
    trimap[:4, :5] = 255
    whole = pymatting.estimate_alpha_cf(plate.astype(np.float64), trimap / 255.0)
    np.testing.assert_allclose(model.alpha(plate, trimap), whole, atol=1e-5)


@pytest.mark.parametrize(("known", "answer"), [(0, 0.0), (255, 1.0)])
def test_one_known_side_alone_fills_the_unknown(model, known, answer):
    plate, trimap, _ = soft_disc()
    trimap = np.where(trimap == 128, 128, known).astype(np.uint8)
    np.testing.assert_array_equal(model.alpha(plate, trimap), np.float32(answer))


def test_a_side_that_is_out_of_reach_counts_as_absent(model):
    plate, _, _ = soft_disc()
    trimap = np.zeros(plate.shape[:2], np.uint8)
    trimap[:5], trimap[40:50, 40:50], trimap[44:46, 60:70] = 255, 128, 128
    alpha = model.alpha(plate, trimap)
    np.testing.assert_array_equal(alpha, (trimap == 255).astype(np.float32))


def test_a_frame_that_is_unknown_throughout_is_half_everywhere(model):
    plate, trimap, _ = soft_disc()
    np.testing.assert_array_equal(model.alpha(plate, np.full_like(trimap, 128)), np.float32(0.5))


@pytest.mark.parametrize("known", [0, 255])
def test_a_frame_without_unknown_pixels_is_its_trimap(model, known):
    plate, trimap, _ = soft_disc()
    np.testing.assert_array_equal(model.alpha(plate, np.full_like(trimap, known)), np.float32(known / 255))


@pytest.mark.parametrize("shape", [(1, 9), (2, 2), (9, 1), (3, 5)])
def test_a_frame_smaller_than_a_window_is_matted(model, shape):
    plate = np.random.default_rng(4).random((*shape, 3), np.float32)
    trimap = np.full(shape, 128, np.uint8)
    trimap.flat[0], trimap.flat[-1] = 0, 255
    assert_sound(model.alpha(plate, trimap), trimap)


@pytest.mark.parametrize("colour", [0.0, 0.5, 1.0])
def test_a_flat_plate_is_matted_without_a_warning(model, colour):
    _, trimap, _ = soft_disc()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_sound(model.alpha(np.full((*trimap.shape, 3), colour, np.float32), trimap), trimap)


def test_damaged_pixels_of_the_plate_do_not_spread(model):
    plate, trimap, truth = soft_disc()
    damaged = plate.copy()
    damaged[45, 25], damaged[30, 60], damaged[10, 10] = np.nan, np.inf, -np.inf
    alpha = model.alpha(damaged, trimap)
    assert_sound(alpha, trimap)
    assert np.abs(alpha - truth)[trimap == 128].mean() < 0.04


def test_a_large_region_is_solved_reduced_and_brought_back_near_the_full_solution(model, monkeypatch):
    plate, trimap, truth = soft_disc(180, 240)
    trimap = np.where(np.abs(truth - 0.5) < 0.5, 128, trimap).astype(np.uint8)
    full = model.alpha(plate, trimap)
    monkeypatch.setattr(closed_form, "LARGEST_BOX", np.count_nonzero(trimap == 128) // 3)
    reduced = model.alpha(plate, trimap)
    assert_sound(reduced, trimap)
    assert np.abs(reduced - full).max() > 0
    assert np.abs(reduced - full)[trimap == 128].mean() < 0.03


def test_equations_that_never_converge_end_in_one_sentence(model, monkeypatch):
    def never(*arguments, **options):
        raise ValueError("did not converge")

    monkeypatch.setattr(pymatting, "estimate_alpha_cf", never)
    plate, trimap, _ = soft_disc()
    with pytest.raises(DvmError, match="Expected closed-form matting to converge"):
        model.alpha(plate, trimap)


def test_it_needs_no_neighbours(model):
    assert model.window == Window(past=0, future=0)
