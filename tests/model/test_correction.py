"""Errors that move with what they are made on, and frames that nothing is to be learnt for."""

import cv2
import numpy as np
import pytest
import torch

from dvm_core.bridge.errors import ModelError
from dvm_core.model import correction
from dvm_core.model.correction import Correction, Corrections

SIZE = (120, 160)


def shot(at, size=SIZE, seed=0):
    """Truth, and a model's alpha that errs on the same strands wherever they are: `at` is their shift in pixels."""
    rng = np.random.default_rng(seed)
    height, width = size
    pattern = cv2.GaussianBlur(rng.random((height, width + 120), np.float32), (0, 0), 2.0)
    pattern = np.clip((pattern - 0.5) * 12 + 0.5, 0, 1)
    wrong = cv2.GaussianBlur(rng.random((height, width + 120), np.float32), (0, 0), 6.0)
    wrong = np.clip((wrong - wrong.mean()) * 6, -0.25, 0.25)
    start = 60 - at
    truth = pattern[:, start : start + width]
    drawn = np.clip(truth + wrong[:, start : start + width], 0, 1)
    return truth.astype(np.float32), drawn.astype(np.float32)


def finished(frame, at, **how):
    truth, drawn = shot(at, **how)
    return Correction(frame, drawn, truth)


def unknown(size=SIZE):
    mask = np.zeros(size, bool)
    mask[20:-20, 20:-20] = True
    return mask


def error(alpha, truth, mask):
    return float(np.abs(alpha - truth)[mask].mean())


def test_a_finished_frame_stays_as_it_is_where_the_trimap_is_unknown():
    made = Corrections([finished(1001, 0)])
    truth, drawn = shot(0)
    found = made.applied(1001, drawn, unknown())
    np.testing.assert_allclose(found[unknown()], truth[unknown()], atol=1e-5)
    np.testing.assert_array_equal(found[~unknown()], drawn[~unknown()])


@pytest.mark.parametrize("size", [SIZE, (121, 163), (360, 2400)])
def test_what_was_wrong_in_a_finished_frame_is_put_right_where_it_has_moved_to(size):
    truth, drawn = shot(3, size)
    found = Corrections([finished(1001, 0, size=size)]).applied(1004, drawn, unknown(size))
    assert error(found, truth, unknown(size)) < 0.4 * error(drawn, truth, unknown(size))
    assert found.dtype == np.float32
    assert 0 <= found.min() <= found.max() <= 1


def test_the_nearer_of_two_finished_frames_counts_more():
    _, drawn = shot(0)
    raised, lowered = (Correction(f, drawn, np.clip(drawn + by, 0, 1)) for f, by in ((10, 0.1), (20, -0.1)))
    mid = unknown() & (drawn > 0.2) & (drawn < 0.8)
    means = [float((Corrections([raised, lowered]).applied(f, drawn, mid) - drawn)[mid].mean()) for f in (12, 15, 18)]
    assert means == pytest.approx([0.06, 0.0, -0.06], abs=0.01)


def test_only_the_nearest_finished_frames_on_either_side_count():
    truth, drawn = shot(0)
    near = [Correction(f, drawn, truth) for f in (10, 20)]
    far = [Correction(f, drawn, 1 - truth) for f in (1, 30)]
    some, more = (Corrections(given).applied(14, drawn, unknown()) for given in (near, near + far))
    np.testing.assert_array_equal(some, more)


def test_frames_beyond_the_last_finished_one_are_corrected_from_it():
    truth, drawn = shot(2)
    found = Corrections([finished(10, 0), finished(20, 0)]).applied(23, drawn, unknown())
    assert error(found, truth, unknown()) < 0.5 * error(drawn, truth, unknown())


def test_a_frame_of_another_shot_is_left_alone():
    _, drawn = shot(0, seed=7)
    found = Corrections([finished(1001, 0)]).applied(1002, drawn, unknown())
    assert np.abs(found - drawn).max() < 0.02


def test_without_finished_or_unknown_pixels_the_alpha_is_the_same_object():
    _, drawn = shot(0)
    assert Corrections().applied(1, drawn, unknown()) is drawn
    assert Corrections([finished(1, 0)]).applied(2, drawn, np.zeros(SIZE, bool)) is drawn


def test_strips_agree_with_the_whole_frame(monkeypatch):
    _, drawn = shot(3)
    made = Corrections([finished(1001, 0), finished(1010, 9)])
    whole = made.applied(1004, drawn, unknown())
    monkeypatch.setattr(correction, "_STRIP", 7)
    np.testing.assert_allclose(made.applied(1004, drawn, unknown()), whole, atol=1e-6)


def test_frames_finished_at_another_resolution_are_scaled_and_of_another_format_ignored():
    half = tuple(cv2.resize(picture, SIZE[::-1], interpolation=cv2.INTER_AREA) for picture in shot(0, (240, 320)))
    made = Corrections([Correction(1001, half[1], half[0])])
    truth, drawn = shot(3, (240, 320))
    mask = unknown((240, 320))
    assert error(made.applied(1002, drawn, mask), truth, mask) < 0.8 * error(drawn, truth, mask)
    square = shot(0, (160, 160))[1]
    assert made.applied(1002, square, unknown((160, 160))) is square


@pytest.mark.parametrize("size", [(1, 1), (7, 9), (12, 200)])
def test_frames_too_small_to_follow_do_not_stumble(size):
    drawn = np.full(size, 0.5, np.float32)
    made = Corrections([Correction(1, drawn, np.ones(size, np.float32))])
    found = made.applied(2, drawn, np.ones(size, bool))
    assert found.shape == size
    assert np.isfinite(found).all()


def test_alphas_in_reverse_memory_order_are_taken():
    _, drawn = shot(3)
    made = Corrections([finished(1001, 0)])
    expected = made.applied(1004, drawn, unknown())
    np.testing.assert_array_equal(made.applied(1004, np.asfortranarray(drawn), np.asfortranarray(unknown())), expected)


def test_tensors_give_the_same_corrections_again():
    made = Corrections([finished(-3, 0), finished(1001, 2)])
    again = Corrections.of(made.tensors())
    assert again.frames == made.frames == (-3, 1001)
    _, drawn = shot(1)
    np.testing.assert_array_equal(again.applied(500, drawn, unknown()), made.applied(500, drawn, unknown()))


def test_one_can_be_left_out_and_looked_at():
    made = Corrections([finished(1, 0), finished(9, 2)])
    assert made.without(9).frames == (1,)
    assert made.frames == (1, 9)
    np.testing.assert_allclose(made[9].done, finished(9, 2).done, atol=1e-5)


def test_known_pixels_take_next_to_no_room():
    blank = np.zeros((1080, 1920), np.float32)
    made = Corrections([Correction(1, blank, blank)])
    assert sum(tensor.nbytes for tensor in made.tensors().values()) < 50_000


@pytest.mark.parametrize("harm", ["half gone", "odd name", "not bytes"])
def test_finished_frames_that_are_not_whole_are_refused(harm):
    tensors = Corrections([finished(1001, 0)]).tensors()
    if harm == "half gone":
        del tensors["correction.1001.done"]
    elif harm == "odd name":
        tensors = {name.replace("1001", "soon"): tensor for name, tensor in tensors.items()}
    else:
        tensors = {name: tensor.float() for name, tensor in tensors.items()}
    with pytest.raises(ModelError, match="not whole; finetune again"):
        Corrections.of(tensors)


@pytest.mark.parametrize("bytes_", [b"", b"no picture", bytes(cv2.imencode(".png", np.zeros((4, 4), np.uint8))[1])])
def test_a_finished_frame_that_is_damaged_is_told_with_its_number(bytes_):
    tensors = Corrections([finished(1001, 0)]).tensors()
    tensors["correction.1001.done"] = torch.tensor(list(bytes_), dtype=torch.uint8)
    _, drawn = shot(0)
    with pytest.raises(ModelError, match="Finished frame 1001"):
        Corrections.of(tensors).applied(1002, drawn, unknown())
