"""What the propagation benchmark measures, on trimaps that are made up here."""

import numpy as np
import pytest

from benchmarks.evaluation.clips import Take
from benchmarks.propagation import overlap, trimaps
from dvm_core.trimap.propagate import Propagated


def test_overlap_is_intersection_over_union():
    first, second = np.zeros((4, 10), bool), np.zeros((4, 10), bool)
    first[:, :6], second[:, 3:] = True, True
    assert overlap(first, second) == pytest.approx(3 / 10)
    assert overlap(first, first) == 1.0
    assert overlap(~first & first, ~first & first) == 0.0


def test_mixed_pixels_and_area_are_counted_on_the_frames_between_the_keys():
    alphas = np.zeros((4, 6, 10), np.float32)
    alphas[:, :, 4], alphas[:, :, 5] = 0.5, 0.01
    own = np.where(alphas > 0, 128, 0).astype(np.uint8)
    made = own.copy()
    made[1, :3, 4] = 0  # half of a frame's mixed pixels missed
    made[2, :, 7:9] = 128  # twice the area
    take = Take("made-up", np.zeros((4, 6, 10, 3), np.float32), own, alphas)
    row = trimaps(take, [Propagated(frame, made[frame], 0.5) for frame in range(4)], 1.0)
    assert row == "made-up | 75.0% | 1.38x | 0.50 | 1.00 s"
