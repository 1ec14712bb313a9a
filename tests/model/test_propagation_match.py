"""The correlation layer against a loop over pixels, and on pictures that moved."""

import cv2
import numpy as np
import pytest
import torch

from dvm_core.model.propagation import Appearance, describe
from dvm_core.model.propagation_match import RADIUS, TEMPERATURE, TILE, match


def positions(height, width, dx=0.0, dy=0.0):
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return (columns + dx).clip(0, width - 1), (rows + dy).clip(0, height - 1)


def appearance(seed, height, width, channels=5):
    maps = torch.from_numpy(np.random.default_rng(seed).standard_normal((1, channels, height, width), np.float32)) * 0.2
    return Appearance(maps, maps)


@pytest.mark.parametrize("shape", [(14, 17), (TILE + 3, TILE + 9)])
def test_labels_are_a_softmax_over_the_window_written_as_loops(shape):
    target, reference = appearance(1, *shape), appearance(2, *shape)
    labels = (np.random.default_rng(3).random((2, *shape)) > 0.5).astype(np.float32)
    found = match(target, reference, labels, *positions(*shape))
    query, key = target.query[0].numpy(), reference.reference[0].numpy()
    padded = [np.pad(maps, ((0, 0), (RADIUS, RADIUS), (RADIUS, RADIUS)), mode="edge") for maps in (key, labels)]
    side = 2 * RADIUS + 1
    for row, column in [(0, 0), (5, 8), (shape[0] - 1, shape[1] - 1), (shape[0] // 2, 3)]:
        window, values = (maps[:, row : row + side, column : column + side] for maps in padded)
        scores = np.einsum("c,cyx->yx", query[:, row, column], window)
        weights = np.exp((scores - scores.max()) / TEMPERATURE)
        expected = (weights * values).sum(axis=(1, 2)) / weights.sum()
        np.testing.assert_allclose(found.labels[:, row, column], expected, atol=1e-4)
        assert found.similarity[row, column] == pytest.approx(scores.max(), abs=1e-4)
        at = np.unravel_index(scores.argmax(), scores.shape)
        assert tuple(found.shift[row, column]) == (at[1] - RADIUS, at[0] - RADIUS)


def scene(width, shift):
    """A smooth texture, the same moved by `shift` (x, y), and the mask of a square that moves along."""
    noise = np.random.default_rng(5).random((64, width, 3), dtype=np.float32)
    picture = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 1.5), None, 0, 1, cv2.NORM_MINMAX)
    mask = np.zeros((1, 64, width), np.float32)
    mask[:, 20:40, 30:50] = 1
    moved, there = (np.roll(maps, shift, axis=(-1, -2)) for maps in (picture.transpose(2, 0, 1), mask))
    return picture, np.ascontiguousarray(moved.transpose(1, 2, 0)), mask, there


def overlap(first, second):
    return (first & second).sum() / (first | second).sum()


def test_a_shift_within_the_window_is_found_without_flow():
    picture, moved, mask, there = scene(80, (-3, 2))
    found = match(describe(moved), describe(picture), mask, *positions(64, 80))
    assert overlap(found.labels > 0.5, there > 0.5) > 0.9 > overlap(mask > 0.5, there > 0.5)
    assert np.abs(np.median(found.shift[24:40, 29:45], axis=(0, 1)) - (3, -2)).max() == 0


def test_a_shift_beyond_the_window_is_found_where_flow_leads():
    picture, moved, mask, there = scene(96, (16, 0))
    x, y = positions(64, 96, dx=-16)
    led = match(describe(moved), describe(picture), mask[:, y.astype(int), x.astype(int)], x, y)
    lost = match(describe(moved), describe(picture), mask, *positions(64, 96))
    assert overlap(led.labels > 0.5, there > 0.5) > 0.9 > overlap(lost.labels > 0.5, there > 0.5)
    assert led.similarity[24:36, 50:62].mean() > lost.similarity[24:36, 50:62].mean() + 0.1


def test_where_all_labels_are_one_nothing_is_computed_and_that_label_stays():
    still = appearance(1, 40, 40)
    found = match(still, still, np.full((1, 40, 40), 0.25, np.float32), *positions(40, 40))
    assert (found.labels == 0.25).all()
    assert not found.shift.any()
