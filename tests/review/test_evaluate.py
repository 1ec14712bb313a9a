"""Measures over files equal measures over arrays, and whatever does not fit is named."""

import json
from pathlib import Path

import numpy as np
import pytest

from dvm_core.bridge.errors import InputError
from dvm_core.io.alpha_file import AlphaWriter
from dvm_core.io.header import ImageHeader
from dvm_core.metrics import NAMES, evaluate
from dvm_core.review.evaluate import evaluate_files


def stacked(*clips):
    return [np.stack(list(clip.values())) for clip in clips]


def test_files_measure_like_the_arrays_in_them(clip, predictions, truths, trimaps):
    expected = evaluate(*stacked(predictions, truths, trimaps))
    result = evaluate_files(*clip)
    assert result["frames"] == [1001, 1002, 1003]
    assert result["size"] == [63, 45]
    assert result["unknown"] == [int((trimap == 128).sum()) for trimap in trimaps.values()]
    for name in NAMES:
        measured = result["metrics"][name]
        np.testing.assert_allclose(measured["values"], expected[name])
        assert measured["mean"] == pytest.approx(expected[name].mean())
        assert measured["frames"] == [1001, 1002, 1003][-len(expected[name]) :]


def test_the_result_is_fit_for_json(clip):
    result = evaluate_files(*clip)
    assert json.loads(json.dumps(result)) == result


def test_only_the_frames_asked_for_are_measured(clip, predictions, truths, trimaps):
    expected = evaluate(*stacked(predictions, truths, trimaps))
    metrics = evaluate_files(*clip, frames=[1003, 1002])["metrics"]
    np.testing.assert_allclose(metrics["sad"]["values"], expected["sad"][1:])
    np.testing.assert_allclose(metrics["dtssd"]["values"], expected["dtssd"][1:])


def test_a_gap_costs_the_pair_across_it(clip):
    metrics = evaluate_files(*clip, frames=[1001, 1003])["metrics"]
    assert metrics["sad"]["frames"] == [1001, 1003]
    assert metrics["dtssd"] == metrics["messddt"] == {"mean": None, "frames": [], "values": []}


def test_single_pictures_are_measured_whatever_they_are_called(tmp_path, clip):
    names = []
    for pattern, name in zip(clip, ("mine.exr", "true.exr", "three.png"), strict=True):
        Path(pattern.replace("####", "1002")).rename(tmp_path / name)
        names.append(str(tmp_path / name))
    whole = evaluate_files(*names)
    assert whole["frames"] == [1]
    assert whole["metrics"]["sad"]["values"][0] > 0


def test_a_missing_true_frame_is_named(clip):
    Path(clip[1].replace("####", "1002")).unlink()
    with pytest.raises(InputError, match="no frame 1002") as caught:
        evaluate_files(*clip)
    assert caught.value.frame == 1002
    assert "truth.1002.exr" in caught.value.path


def test_a_truncated_frame_is_named(clip):
    path = Path(clip[0].replace("####", "1003"))
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(InputError) as caught:
        evaluate_files(*clip)
    assert caught.value.frame == 1003


def test_a_frame_of_another_size_is_named(clip):
    AlphaWriter(clip[1]).write(1002, np.zeros((45, 64), np.float32), ImageHeader.plain(64, 45))
    with pytest.raises(InputError, match="64x45, but the first picture was 63x45") as caught:
        evaluate_files(*clip)
    assert caught.value.frame == 1002


def test_nan_is_refused_and_overshoot_is_clipped(clip, truths):
    from dvm_core.io.output import spec_of, write_image

    header = ImageHeader.plain(63, 45)
    alpha = truths[1001] * 1.5
    path = Path(clip[0].replace("####", "1001"))
    write_image(path, spec_of(header, header.data, ("A",), "float"), alpha[..., None])
    expected = evaluate_files(clip[0], *clip[1:], frames=[1001])["metrics"]["sad"]["mean"]
    write_image(path, spec_of(header, header.data, ("A",), "float"), np.minimum(alpha, 1)[..., None])
    assert evaluate_files(*clip, frames=[1001])["metrics"]["sad"]["mean"] == expected
    alpha[3, 4] = np.nan
    write_image(path, spec_of(header, header.data, ("A",), "float"), alpha[..., None])
    with pytest.raises(InputError, match=r"Frame 1001 .* holds NaN"):
        evaluate_files(*clip)
