"""The published values, a slow second opinion for MESSDdt, and every odd clip that users bring."""

import json
import math
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from dvm_core.bridge.errors import InputError
from dvm_core.metrics import NAMES, ClipErrors, evaluate

GOLDEN = json.loads((Path(__file__).parent / "golden" / "metrics" / "golden.json").read_text())


def uniform(seed, key, shape):
    raw = np.random.Philox(key=(seed << 32) | zlib.crc32(key.encode())).random_raw(math.prod(shape))
    return ((raw >> np.uint64(11)).astype(np.float64) * 2 / 2**53 - 1).reshape(shape)


def golden_clip(seed, n, h, w):
    y, x = np.mgrid[:h, :w].astype(np.float64)
    pred, truth, trimap = [], [], []
    for t in range(n):
        dx, dy = x - w / 2 - 2 * t, y - h / 2 - 1.5 * t
        edge = 0.28 + 0.05 * np.sin(9 * np.arctan2(dy, dx) + 0.2 * t)
        d = np.hypot(dx, dy) / min(h, w)
        a = np.clip((edge - d) / 0.12 + 0.5, 0, 1)
        unknown = (edge - 0.10 < d) & (d < edge + 0.10)
        tri = np.where(unknown, 128, np.where(a > 0.5, 255, 0)).astype(np.uint8)
        p = a + 0.08 * np.sin(0.35 * x + 0.9 * t) * np.sin(0.27 * y) + 0.05 * uniform(seed, f"err{t}", (h, w))
        p = np.where(unknown, np.clip(p, 0, 1), tri == 255)
        pred.append(np.rint(255 * p).astype(np.uint8))
        truth.append(np.rint(255 * a).astype(np.uint8))
        trimap.append(tri)
    return np.stack(pred), np.stack(truth), np.stack(trimap)


@pytest.mark.parametrize("clip", sorted(GOLDEN))
@pytest.mark.parametrize("name", ["sad", "mse", "grad", "conn", "ssda", "dtssd"])
@pytest.mark.parametrize("as_float", [False, True], ids=["8bit", "float32"])
def test_published_values_are_reproduced(clip, name, as_float):
    clips = golden_clip(*map(int, clip.split(",")))
    if as_float:
        clips = [np.float32(c) / np.float32(255) for c in clips]
    expected = GOLDEN[clip][name]
    if name in ("ssda", "dtssd"):
        expected = expected[0]
    np.testing.assert_allclose(evaluate(*clips)[name], expected, rtol=1e-2 if name == "conn" else 1e-3)


def slow_messddt(pred, truth, trimap):
    pred, truth = pred / 255.0, truth / 255.0
    values = []
    for t in range(len(pred) - 1):
        search = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        flow = search.calc(np.rint(truth[t] * 255).astype(np.uint8), np.rint(truth[t + 1] * 255).astype(np.uint8), None)
        after = (pred[t + 1] - truth[t + 1]) ** 2
        height, width = after.shape
        total = 0.0
        for y in range(height):
            for x in range(width):
                if not 0 < trimap[t, y, x] < 255:
                    continue
                px = min(max(x + float(flow[y, x, 0]), 0), width - 1)
                py = min(max(y + float(flow[y, x, 1]), 0), height - 1)
                sampled = 0.0
                for row in (math.floor(py), math.floor(py) + 1):
                    for column in (math.floor(px), math.floor(px) + 1):
                        weight = max(0, 1 - abs(px - column)) * max(0, 1 - abs(py - row))
                        if weight:
                            sampled += weight * after[row, column]
                total += abs((pred[t, y, x] - truth[t, y, x]) ** 2 - sampled)
        values.append(total)
    return values


def test_messddt_follows_each_pixel_as_a_plain_loop_does():
    clips = golden_clip(5, 3, 75, 101)
    np.testing.assert_allclose(evaluate(*clips)["messddt"], slow_messddt(*clips), rtol=1e-4)


def test_messddt_sees_motion_and_the_right_frame():
    """An error that rides on a moving object does not flicker; the same error in place does."""
    h, w, step = 96, 128, 4
    noise = cv2.GaussianBlur(uniform(3, "texture", (h, w + 3 * step)), (0, 0), 3)
    texture = 0.5 + 0.4 * noise / np.abs(noise).max()
    error = 0.1 * (cv2.GaussianBlur(uniform(4, "error", (h, w + 3 * step)), (0, 0), 4) > 0)
    truth = np.stack([texture[:, step * t : step * t + w] for t in range(3)])
    riding = truth + np.stack([error[:, step * t : step * t + w] for t in range(3)])
    standing = truth + error[:, :w]
    trimap = np.zeros(truth.shape)
    trimap[:, 16:-16, 24:-24] = 0.5
    rides, stands = (evaluate(np.clip(p, 0, 1), truth, trimap)["messddt"] for p in (riding, standing))
    assert np.all(rides < 0.5 * stands)


def test_a_perfect_alpha_has_no_error():
    _, truth, trimap = golden_clip(1, 3, 33, 47)
    result = evaluate(truth, truth, trimap)
    assert tuple(result) == NAMES
    for name, values in result.items():
        assert values.shape == (2 if name in ("dtssd", "messddt") else 3,)
        assert np.all(values == 0)


def test_a_single_frame_has_no_temporal_values():
    result = evaluate(*golden_clip(1, 1, 33, 47))
    assert result["sad"].shape == (1,)
    assert result["dtssd"].shape == result["messddt"].shape == (0,)


def test_an_empty_clip_gives_empty_arrays():
    result = evaluate(*np.zeros((3, 0, 8, 8)))
    assert {values.shape for values in result.values()} == {(0,)}


def test_a_trimap_without_unknown_counts_nothing():
    pred, truth, trimap = golden_clip(1, 3, 33, 47)
    result = evaluate(pred, truth, np.where(trimap > 128, 255, 0).astype(np.uint8))
    assert all(np.all(values == 0) for values in result.values())


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (5, 9), (13, 12)])
def test_frames_smaller_than_the_flow_search_are_measured(size):
    truth = np.abs(uniform(2, "truth", (2, *size)))
    result = evaluate(1 - truth, truth, np.full(truth.shape, 0.5))
    assert result["sad"] == pytest.approx(np.abs(1 - 2 * truth).sum((1, 2)) / 1000)
    assert np.isfinite(result["messddt"]).all()


def test_strided_arrays_measure_like_their_copies():
    clips = golden_clip(9, 2, 40, 60)
    strided = [c[:, ::2, ::3] for c in clips]
    for name, values in evaluate(*strided).items():
        np.testing.assert_array_equal(values, evaluate(*map(np.ascontiguousarray, strided))[name])


def test_frame_by_frame_equals_the_whole_clip():
    clips = golden_clip(2, 3, 30, 31)
    errors = ClipErrors()
    for frame in zip(*clips, strict=True):
        errors.add(*frame)
    whole = evaluate(*clips)
    assert all(np.array_equal(errors.result()[name], whole[name]) for name in NAMES)


@pytest.mark.parametrize("which", [0, 1, 2], ids=["prediction", "truth", "trimap"])
@pytest.mark.parametrize("value", [np.nan, np.inf, 1.5, -0.25])
def test_nan_and_values_out_of_range_are_refused_by_name(which, value):
    clips = [np.full((2, 4, 5), 0.5) for _ in range(3)]
    clips[which][1, 2, 3] = value
    with pytest.raises(InputError, match=f"{('prediction', 'truth', 'trimap')[which]} of frame 1"):
        evaluate(*clips)


def test_rounding_past_one_is_forgiven():
    clips = golden_clip(9, 2, 40, 60)
    beyond = [np.float32(c) / np.float32(255) * np.float32(1.000001) for c in clips]
    np.testing.assert_allclose(evaluate(*beyond)["sad"], evaluate(*clips)["sad"], rtol=1e-4)


def test_clips_of_different_shapes_are_refused():
    with pytest.raises(InputError, match=r"one shape \(T, H, W\)"):
        evaluate(np.zeros((2, 4, 5)), np.zeros((2, 4, 5)), np.zeros((2, 5, 4)))
    with pytest.raises(InputError, match="one shape"):
        evaluate(*np.zeros((3, 4, 5)))


def test_frames_of_different_sizes_are_refused():
    errors = ClipErrors()
    errors.add(*np.zeros((3, 4, 5)))
    with pytest.raises(InputError, match="one size"):
        errors.add(*np.zeros((3, 4, 6)))
    with pytest.raises(InputError, match="one size"):
        errors.add(np.zeros((4, 5)), np.zeros((4, 5)), np.zeros((4, 6)))
