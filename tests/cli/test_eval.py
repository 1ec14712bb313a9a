import json

import numpy as np
import pytest

from dvm_core.metrics import NAMES, evaluate


@pytest.fixture
def clips(shot, image_writer, image_reader):
    """Alphas that are wrong by a known ramp; the arrays that were written."""
    pred, truth, trimap = [], [], []
    for index, frame in enumerate(shot.frames):
        true = image_reader(shot.folder / f"truth.{frame}.exr")
        wrong = np.clip(true * (0.9 - 0.05 * index) + 0.02, 0, 1).astype(np.float32)
        image_writer(shot.alpha(frame), wrong, ("A",), "float")
        pred.append(wrong[..., 0])
        truth.append(true[..., 0])
        trimap.append(np.rint(image_reader(shot.folder / f"trimap.{frame}.png")[..., 0] * 255).astype(np.uint8))
    return np.stack(pred), np.stack(truth), np.stack(trimap)


def _arguments(shot, *more):
    return ["eval", shot.output, shot.folder / "truth.####.exr", "--trimap", shot.trimap, *more]


def test_the_numbers_are_those_of_the_metrics(dvm, shot, clips):
    ran = dvm(*_arguments(shot, "--json"))
    assert ran.code == 0, ran.err
    found = json.loads(ran.out)
    assert found["frames"] == list(shot.frames)
    expected = evaluate(*clips)
    assert list(found["metrics"]) == list(NAMES)
    for name, values in expected.items():
        measured = found["metrics"][name]
        np.testing.assert_allclose(measured["values"], values, rtol=1e-5)
        assert measured["mean"] == pytest.approx(values.mean(), rel=1e-5)
        assert measured["frames"] == list(shot.frames[len(shot.frames) - len(values) :])


def test_the_table_says_means_and_the_worst_frame(dvm, shot, clips):
    expected = evaluate(*clips)
    ran = dvm(*_arguments(shot))
    row = next(line for line in ran.out.splitlines() if line.strip().startswith("MSE"))
    worst = int(np.argmax(expected["mse"]))
    assert row.split() == [
        "MSE",
        f"{expected['mse'].mean():.4f}",
        f"{expected['mse'].max():.4f}",
        str(shot.frames[worst]),
    ]


def test_frames_are_matched_by_number_and_change_is_measured_between_neighbours_alone(dvm, shot, clips):
    found = json.loads(dvm(*_arguments(shot, "--json", "--range", "1001-1002,1004")).out)
    assert found["frames"] == [1001, 1002, 1004]
    assert found["metrics"]["dtssd"]["frames"] == [1002]
    expected = evaluate(*(clip[[0, 1, 3]] for clip in clips))
    np.testing.assert_allclose(found["metrics"]["sad"]["values"], expected["sad"], rtol=1e-5)
    np.testing.assert_allclose(found["metrics"]["dtssd"]["values"], expected["dtssd"][:1], rtol=1e-5)


def test_one_picture_is_compared_with_one_whatever_its_number(dvm, shot, clips, tmp_path):
    single = tmp_path / "matte.exr"
    single.write_bytes(shot.alpha(1002).read_bytes())
    ran = dvm("eval", single, shot.folder / "truth.1002.exr", "-t", shot.folder / "trimap.1002.png", "--json")
    assert ran.code == 0, ran.err
    found = json.loads(ran.out)["metrics"]
    expected = evaluate(*(clip[1:2] for clip in clips))
    np.testing.assert_allclose(found["sad"]["values"], expected["sad"], rtol=1e-5)
    assert found["dtssd"] == {"mean": None, "frames": [], "values": []}


def test_a_channel_can_be_named(dvm, shot, clips, image_writer):
    pixels = np.concatenate([np.random.default_rng(0).random((*shot.size, 3)), clips[0][0][..., None]], axis=2)
    image_writer(shot.alpha(1001), pixels.astype(np.float32), ("R", "G", "B", "A"), "float")
    found = json.loads(dvm(*_arguments(shot, "--json", "--range", "1001", "--channel", "A")).out)
    np.testing.assert_allclose(found["metrics"]["sad"]["values"], evaluate(*clips)["sad"][:1], rtol=1e-5)


@pytest.mark.parametrize("role", ["truth.1003.exr", "trimap.1003.png"])
def test_a_frame_that_is_missing_is_named(dvm, shot, clips, role):
    (shot.folder / role).unlink()
    ran = dvm(*_arguments(shot))
    assert ran.code == 3
    assert "has no frame 1003" in ran.err


def test_pictures_of_different_sizes_are_refused_by_name(dvm, shot, clips, image_writer):
    image_writer(shot.alpha(1002), np.zeros((20, 21, 1), np.float32), ("A",))
    ran = dvm(*_arguments(shot))
    assert ran.code == 3
    assert "Frame 1002" in ran.err
    assert "21x20" in ran.err
