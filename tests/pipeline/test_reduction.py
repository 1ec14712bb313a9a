"""Large plates are matted reduced: what the network sees, and how its answer comes back to full size."""

import copy

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dvm_core.io.trimap_file import FOREGROUND, UNKNOWN
from dvm_core.model.network import Window
from dvm_core.pipeline import reduction
from dvm_core.pipeline.device import choose
from dvm_core.pipeline.estimator import NetworkEstimator
from dvm_core.pipeline.frame import Frame
from dvm_core.pipeline.reduction import ReducedEstimator, divisor_for, reduced, reduced_trimap
from dvm_core.pipeline.regions import Box
from dvm_core.pipeline.session import MattingSession

CPU = choose("cpu")


class Truth:
    """Stands where the network does, and knows the reduced alphas."""

    window = Window(0, 0)

    def __init__(self, alphas):
        self.alphas = alphas

    def alpha(self, position, frames, count):
        return self.alphas[position]

    def region(self, frame):
        return frame.unknown_box

    def shrink(self):
        return False


def strands(height=90, width=150):
    """A plate of strands one pixel wide before a slowly changing wall, and its exact alpha."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    alpha = np.clip(1.0 - np.abs((x + 0.31 * y) % 9 - 4), 0, 1) * (x > 40) * (x < 110)
    wall = np.stack([0.2 + 0.001 * x, 0.3 + 0.001 * y, 0.5 + 0 * x], axis=-1)
    plate = alpha[..., None] * np.float32([0.9, 0.7, 0.2]) + (1 - alpha[..., None]) * wall
    trimap = np.where((x > 36) & (x < 114), UNKNOWN, 0).astype(np.uint8)
    return plate.astype(np.float32), trimap, alpha.astype(np.float32)


@pytest.mark.parametrize(
    ("size", "divisor"),
    [
        ((360, 640), 1),
        ((720, 959), 1),
        ((540, 960), 2),
        ((720, 1280), 2),
        ((1080, 1920), 2),
        ((1920, 1080), 2),
        ((1440, 2560), 2),
        ((2160, 3840), 4),
        ((2160, 4096), 4),
        ((4320, 8192), 8),
        ((1, 1), 1),
    ],
)
def test_a_plate_is_halved_until_it_is_near_to_what_the_network_learnt_on(size, divisor):
    assert divisor_for(size, 640) == divisor
    assert divisor_for(size, None) == 1


def test_a_reduced_pixel_is_the_mean_of_its_cell():
    plate = np.random.default_rng(1).random((12, 20, 3), dtype=np.float32)
    want = plate.reshape(3, 4, 5, 4, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(reduced(plate, 4), want, atol=1e-6)
    np.testing.assert_allclose(reduced(plate[..., 0], 4), want[..., 0], atol=1e-6)


def test_the_last_cells_of_an_odd_plate_see_its_edge_repeated():
    plate = np.random.default_rng(2).random((5, 7, 3), dtype=np.float32)
    got = reduced(plate, 3)
    assert got.shape == (2, 3, 3)
    np.testing.assert_allclose(got[1, 2], (plate[3, 6] + 2 * plate[4, 6]) / 3, atol=1e-6)


def test_a_cell_is_unknown_where_nothing_in_it_is_known():
    trimap = np.full((8, 24), UNKNOWN, np.uint8)
    trimap[:, :5], trimap[:, 19:] = 0, FOREGROUND
    np.testing.assert_array_equal(reduced_trimap(trimap, 4), np.uint8([[0, 0, 128, 128, 255, 255]] * 2))


def test_a_band_too_thin_for_any_cell_stays_unknown():
    trimap = np.zeros((12, 12), np.uint8)
    trimap[:, 6:], trimap[:, 5] = FOREGROUND, UNKNOWN
    np.testing.assert_array_equal(reduced_trimap(trimap, 4)[0], np.uint8([0, UNKNOWN, FOREGROUND]))


@given(arrays(np.uint8, (13, 11), elements=st.sampled_from([0, UNKNOWN, FOREGROUND])), st.integers(2, 5))
def test_near_every_unknown_pixel_a_cell_is_unknown_and_no_other_is(trimap, divisor):
    small = reduced_trimap(trimap, divisor)
    near = cv2.dilate((small == UNKNOWN).astype(np.uint8), np.ones((3, 3), np.uint8))
    rows, columns = np.nonzero(trimap == UNKNOWN)
    assert near[rows // divisor, columns // divisor].all()
    touched = np.zeros(small.shape, bool)
    touched[rows // divisor, columns // divisor] = True
    assert touched[small == UNKNOWN].all()


@pytest.mark.parametrize("divisor", [2, 3])
def test_detail_that_the_plate_shows_comes_back(divisor):
    plate, trimap, truth = strands()
    small = reduced(truth, divisor)
    estimator = ReducedEstimator(Truth([small]), divisor, CPU.device)
    got = estimator.alpha(0, {0: Frame(0, plate, trimap)}, 1)
    enlarged = cv2.resize(small, truth.shape[::-1], interpolation=cv2.INTER_CUBIC).clip(0, 1)
    unknown = trimap == UNKNOWN
    assert np.abs(got - truth)[unknown].mean() < 0.2 * np.abs(enlarged - truth)[unknown].mean()


def test_known_pixels_are_exactly_known():
    plate, trimap, truth = strands()
    trimap[:, 70:75] = FOREGROUND
    estimator = ReducedEstimator(Truth([reduced(truth, 3)]), 3, CPU.device)
    got = estimator.alpha(0, {0: Frame(0, plate, trimap)}, 1)
    assert (got[trimap == 0] == 0).all()
    assert (got[trimap == FOREGROUND] == 1).all()
    assert got.min() >= 0
    assert got.max() <= 1


def test_a_frame_without_unknown_pixels_asks_for_nothing():
    frame = Frame(0, np.zeros((9, 9, 3), np.float32), np.full((9, 9), FOREGROUND, np.uint8))
    estimator = ReducedEstimator(Truth([]), 2, CPU.device)
    np.testing.assert_array_equal(estimator.alpha(0, {0: frame}, 1), np.ones((9, 9), np.float32))
    assert estimator.region(frame) is None


@pytest.mark.parametrize("strip", [1, 5000])
def test_strips_give_what_the_whole_gives(network, scene, monkeypatch, strip):
    plates, trimaps = scene(3, 97, 131)

    def solve():
        frames = {i: Frame(i, *pair) for i, pair in enumerate(zip(plates, trimaps, strict=True))}
        inner = NetworkEstimator(copy.deepcopy(network), CPU, 0)
        return ReducedEstimator(inner, 3, CPU.device).alpha(1, frames, 3)

    whole = solve()
    monkeypatch.setattr(reduction, "STRIP", strip)
    np.testing.assert_allclose(solve(), whole, atol=1e-6)


def test_what_is_said_to_be_computed_holds_the_unknown_pixels_and_lies_in_the_frame(network, scene):
    _, trimaps = scene(1, 97, 131)
    frame = Frame(0, None, trimaps[0])
    region = ReducedEstimator(NetworkEstimator(copy.deepcopy(network), CPU, 0), 3, CPU.device).region(frame)
    assert region.cut(Box(0, 0, 97, 131)) == region
    assert frame.unknown_box.cut(region) == frame.unknown_box


@pytest.mark.parametrize("size", [(97, 131), (33, 31), (5, 7), (1, 1)])
def test_odd_sizes_are_matted_reduced(model, scene, size):
    with MattingSession(model, device="cpu", reduce=3) as session:
        mattes = [matte for pair in zip(*scene(3, *size), strict=True) for matte in session.push(*pair)]
        mattes += session.finish()
    assert [matte.alpha.shape for matte in mattes] == [size] * 3
    assert all(np.isfinite(matte.alpha).all() for matte in mattes)


def test_a_reduced_shot_cut_in_two_gives_the_same_bits_as_in_one(model, scene):
    plates, trimaps = scene(6, 64, 96)
    with MattingSession(model, device="cpu", reduce=2) as session:
        whole = [matte for pair in zip(plates, trimaps, strict=True) for matte in session.push(*pair)]
        whole += session.finish()
        parts = []
        for index in range(1, 6):
            parts += session.push(plates[index], trimaps[index], frame=index, wanted=index > 1)
        parts += session.finish()
    assert [part.frame for part in parts] == [2, 3, 4, 5]
    for one, other in zip(whole[2:], parts, strict=True):
        np.testing.assert_array_equal(one.alpha, other.alpha)


def test_frames_let_go_of_their_large_plates(model, scene):
    plates, trimaps = scene(4, 64, 96)
    with MattingSession(model, device="cpu", reduce=2) as session:
        for pair in zip(plates, trimaps, strict=True):
            session.push(*pair)
        due = 4 - session.reach
        assert [position for position, frame in session._frames.items() if frame.plate is not None] == [*range(due, 4)]


def test_full_size_can_be_asked_for(model, scene):
    plates, trimaps = scene(1, 80, 960)
    with MattingSession(model, device="cpu") as auto, MattingSession(model, device="cpu", reduce=1) as full:
        assert auto.plan((80, 960), 1).divisor == 2
        assert full.plan((80, 960), 1).divisor == 1
        alphas = [[*session.push(plates[0], trimaps[0]), *session.finish()][0].alpha for session in (auto, full)]
    assert not np.array_equal(*alphas)


def test_a_plate_that_may_not_be_written_is_reduced_without_a_word(model, scene, recwarn):
    plates, trimaps = scene(1, 64, 96)
    plates.flags.writeable = trimaps.flags.writeable = False
    with MattingSession(model, device="cpu", reduce=2) as session:
        assert len([*session.push(plates[0], trimaps[0]), *session.finish()]) == 1
    assert not recwarn.list
