import numpy as np
import pytest
import torch

from dvm_core.bridge.errors import DeviceError, InputError, ModelError, UsageError
from dvm_core.model import weight_file, weights
from dvm_core.model.correction import Correction, Corrections
from dvm_core.pipeline.session import MattingSession


@pytest.fixture(scope="module")
def model(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "random.safetensors"
    weights.save(network.state_dict(), path, weight_file.Record("lite", {}, "tests", "Apache-2.0"))
    return str(path)


def matte(session, plates, trimaps, **flags):
    mattes = []
    for plate, trimap in zip(plates, trimaps, strict=True):
        mattes += session.push(plate, trimap, **flags)
    return mattes + session.finish()


def test_every_frame_comes_back_once_and_in_order(model, scene):
    with MattingSession(model, device="cpu") as session:
        mattes = matte(session, *scene(7, 64, 96))
    assert [result.frame for result in mattes] == list(range(7))
    assert all(result.alpha.shape == (64, 96) and result.alpha.dtype == np.float32 for result in mattes)


def test_a_shot_cut_in_two_gives_the_same_bits_as_in_one(model, scene):
    plates, trimaps = scene(8, 64, 96)
    with MattingSession(model, device="cpu") as session:
        whole = [result.alpha for result in matte(session, plates, trimaps)]
        parts = []
        for wanted in (range(3), range(3, 8)):
            first, last = max(wanted[0] - session.reach, 0), min(wanted[-1] + session.reach, 7)
            for index in range(first, last + 1):
                parts += session.push(plates[index], trimaps[index], frame=index, wanted=index in wanted)
            parts += session.finish()
    assert [result.frame for result in parts] == list(range(8))
    for one, other in zip(whole, parts, strict=True):
        assert np.array_equal(one, other.alpha)


def test_a_single_frame_is_its_own_neighbour(model, scene):
    plates, trimaps = scene(1, 64, 96)
    with MattingSession(model, device="cpu") as session:
        (result,) = matte(session, plates, trimaps)
        thrice = matte(session, plates[[0, 0, 0]], trimaps[[0, 0, 0]])
    assert np.array_equal(result.alpha, thrice[1].alpha)


def test_a_session_serves_shots_of_different_sizes_one_after_the_other(model, scene):
    with MattingSession(model, device="cpu") as session:
        assert matte(session, *scene(2, 64, 96))[1].alpha.shape == (64, 96)
        assert matte(session, *scene(2, 40, 50))[1].alpha.shape == (40, 50)


def test_sessions_side_by_side_do_not_disturb_each_other(model, scene):
    plates, trimaps = scene(4, 64, 96)
    with MattingSession(model, device="cpu") as one, MattingSession(model, device="cpu") as other:
        mixed = ([], [])
        for index in range(4):
            mixed[0].extend(one.push(plates[index], trimaps[index]))
            mixed[1].extend(other.push(plates[3 - index], trimaps[3 - index]))
        mixed[0].extend(one.finish())
        mixed[1].extend(other.finish())
        alone = matte(one, plates, trimaps)
    assert all(np.array_equal(a.alpha, b.alpha) for a, b in zip(mixed[0], alone, strict=True))


def test_torch_comes_back_as_torch(model, scene):
    plates, trimaps = scene(1, 32, 32)
    with MattingSession(model, device="cpu") as session:
        (result,) = matte(session, torch.from_numpy(plates), torch.from_numpy(trimaps))
    assert isinstance(result.alpha, torch.Tensor)


def test_plates_may_be_strided_double_or_hold_nan(model, scene):
    plates, trimaps = scene(1, 64, 64)
    spoilt = plates.astype(np.float64)
    spoilt[0, 5, 5] = np.nan
    clean = plates.copy()
    clean[0, 5, 5] = 0
    with MattingSession(model, device="cpu") as session:
        (odd,) = matte(session, np.asfortranarray(spoilt[0])[None], trimaps[:, ::1])
        (plain,) = matte(session, clean, trimaps)
    assert np.array_equal(odd.alpha, plain.alpha)


def test_trimaps_within_a_twentieth_of_black_and_white_are_known(model, scene):
    plates, _ = scene(1, 32, 32)
    trimap = np.full((32, 32), 0.5, dtype=np.float32)
    trimap[:8], trimap[8:16] = 0.04, 0.96
    with MattingSession(model, device="cpu") as session:
        (result,) = matte(session, plates, trimap[None])
    assert (result.alpha[:8] == 0).all()
    assert (result.alpha[8:16] == 1).all()


def test_closed_form_answers_at_once(scene):
    plates, trimaps = scene(2, 48, 48)
    with MattingSession("closed-form") as session:
        assert session.reach == 0
        (first,) = session.push(plates[0], trimaps[0])
    assert first.alpha[trimaps[0] == 255].min() == 1


@pytest.mark.parametrize(
    ("plate", "trimap", "complaint"),
    [
        (np.zeros((8, 8), np.float32), np.zeros((8, 8), np.float32), "shape"),
        (np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8), np.float32), "floats"),
        (np.zeros((8, 8, 3), np.float32), np.zeros((8, 9), np.float32), "size"),
        (np.zeros((8, 8, 3), np.float32), np.full((8, 8), np.nan), "NaN"),
        (np.zeros((0, 8, 3), np.float32), np.zeros((0, 8), np.float32), "shape"),
        ("plate.exr", np.zeros((8, 8)), "array"),
    ],
)
def test_arrays_that_do_not_fit_are_refused_in_one_sentence(model, plate, trimap, complaint):
    with MattingSession(model, device="cpu") as session, pytest.raises(InputError, match=complaint):
        session.push(plate, trimap)


def test_frames_of_another_size_are_refused(model, scene):
    with MattingSession(model, device="cpu") as session:
        session.push(*(frame[0] for frame in scene(1, 32, 32)))
        with pytest.raises(InputError, match="one size"):
            session.push(*(frame[0] for frame in scene(1, 32, 64)))


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"model": "nobody"}, ModelError),
        ({"device": "tpu"}, UsageError),
        ({"device": "cuda:99"}, DeviceError),
        ({"precision": "fp64"}, UsageError),
        ({"device": "cpu", "precision": "fp16"}, UsageError),
        ({"tile": 7}, UsageError),
        ({"max_memory": "much"}, UsageError),
        ({"threads": -1}, UsageError),
    ],
)
def test_arguments_that_make_no_sense_are_refused(model, arguments, error):
    with pytest.raises(error):
        MattingSession(**{"model": model, **arguments})


def test_a_plan_that_cannot_fit_says_what_would(model):
    with MattingSession(model, device="cpu", max_memory="1G") as session, pytest.raises(DeviceError, match="7680x4320"):
        session.plan((4320, 7680), 100)


def test_out_of_memory_is_tried_once_more_with_smaller_tiles(model, scene, monkeypatch):
    plates, trimaps = scene(1, 64, 64)
    with MattingSession(model, device="cpu", tile=256) as session:
        expected = matte(session, plates, trimaps)[0].alpha
        finish, tiles = session.model.finish, []

        def short_of_memory(context, frame, draft):
            tiles.append(session._estimator.tile)
            if tiles[-1] > 128:
                raise RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 1 byte")
            return finish(context, frame, draft)

        monkeypatch.setattr(session.model, "finish", short_of_memory)
        assert np.allclose(matte(session, plates, trimaps)[0].alpha, expected, atol=1e-5)
    assert tiles == [256, 128]


def test_a_closed_session_says_so(model, scene):
    session = MattingSession(model, device="cpu")
    session.close()
    with pytest.raises(UsageError, match="closed"):
        session.push(*(frame[0] for frame in scene(1, 32, 32)))


def test_finished_frames_are_kept_and_what_was_wrong_in_them_is_taken_from_the_others(model, scene):
    plates, trimaps = scene(5, 64, 96)
    with MattingSession(model, device="cpu") as session:
        plain = [result.alpha for result in matte(session, plates, trimaps)]
        finished = np.clip(plain[2] + 0.2, 0, 1)
        session.corrections = Corrections([Correction(2, plain[2], finished)])
        corrected = [result.alpha for result in matte(session, plates, trimaps)]
        again = []
        for at in (0, 1, 2, 3, 4):
            again += session.push(plates[at], trimaps[at], frame=at, wanted=at >= 3)
        again += session.finish()
    unknown = trimaps == 128
    np.testing.assert_allclose(corrected[2][unknown[2]], finished[unknown[2]], atol=1e-4)
    for at in (0, 1, 3, 4):
        added = (corrected[at] - plain[at])[unknown[at] & (plain[at] < 0.7)]
        assert added.mean() > 0.05
        np.testing.assert_array_equal(corrected[at][~unknown[at]], plain[at][~unknown[at]])
    for result in again:
        np.testing.assert_array_equal(result.alpha, corrected[result.frame])
