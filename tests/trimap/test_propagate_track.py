"""One direction, on shots whose truth is known."""

import numpy as np

from dvm_core.trimap.propagate_grid import Grid
from dvm_core.trimap.propagate_recall import Look
from dvm_core.trimap.propagate_track import Tracker


def tracked(shot):
    grid = Grid(shot.plates[0].shape[:2], shot.plates[0].shape[:2])
    tracker = Tracker(shot.plates[0], shot.trimaps[0], grid)
    return [tracker.step(plate) for plate in shot.plates[1:]]


def test_the_alpha_of_a_moving_object_is_carried(shot):
    for carried, alpha in zip(tracked(shot), shot.alphas[1:], strict=True):
        assert np.abs(carried.labels[0] - alpha).mean() < 0.01
        overlap = ((carried.labels[0] > 0.5) & (alpha > 0.5)).sum() / ((carried.labels[0] > 0.5) | (alpha > 0.5)).sum()
        assert overlap > 0.95


def test_trust_never_grows_and_certainty_is_a_share(shot):
    found = tracked(shot)
    trust = [1.0, *(carried.trust for carried in found)]
    assert trust == sorted(trust, reverse=True)
    assert all(carried.certainty.min() >= 0 and carried.certainty.max() <= 1 for carried in found)


def test_a_cut_costs_most_of_the_trust(make):
    shot = make(frames=3)
    shot.plates[2] = np.random.default_rng(0).random(shot.plates[2].shape, dtype=np.float32)
    steady, cut = (carried.trust for carried in tracked(shot))
    assert cut < 0.3 * steady


def test_background_that_the_object_uncovers_is_background(make):
    shot = make(frames=5, step=(8.0, 0.0))
    uncovered = (shot.alphas[0] > 0.99) & (shot.alphas[4] < 0.01)
    assert uncovered.sum() > 300
    assert tracked(shot)[-1].labels[0][uncovered].mean() < 0.05


def test_what_passes_behind_is_not_picked_up(make):
    shot = make(frames=6, step=(0.0, 0.0))
    for t in range(6):  # a green bar that moves along, goes behind the disc
        bar, behind = np.s_[30:50, 4 * t : 4 * t + 6], 1 - shot.alphas[t][30:50, 4 * t : 4 * t + 6, None]
        shot.plates[t][bar] += behind * (np.float32((0.1, 0.8, 0.2)) - shot.plates[t][bar])
    assert np.abs(tracked(shot)[-1].labels[0] - shot.alphas[-1]).mean() < 0.01


def test_a_key_without_an_object_carries_nothing(shot):
    grid = Grid(shot.plates[0].shape[:2], shot.plates[0].shape[:2])
    tracker = Tracker(shot.plates[0], np.zeros_like(shot.trimaps[0]), grid)
    carried = tracker.step(shot.plates[1])
    assert not carried.labels.any()
    assert carried.trust == 1.0


def test_an_object_that_leaves_the_picture_leaves_nothing(make):
    shot = make(frames=9, start=(100.0, 40.0), step=(8.0, 0.0))
    assert shot.alphas[-1].sum() == 0
    assert (tracked(shot)[-1].labels[0] > 0.5).sum() < 0.05 * shot.alphas[0].sum()


def test_what_looks_like_the_background_is_not_carried_on(make):
    shot = make(frames=4, step=(0.0, 0.0))
    grid = Grid(shot.plates[0].shape[:2], shot.plates[0].shape[:2])
    tracker = Tracker(shot.plates[0], shot.trimaps[0], grid)
    disc = shot.alphas[0].copy()
    disc[:, :36] = 0  # the left third of it is said to be wall
    look = Look(10 * disc - 5, disc, 1 - disc)
    for plate in shot.plates[1:]:
        carried = tracker.step(plate, look)
    solid = shot.alphas[0] > 0.99
    assert not (carried.labels[0] > 0.8)[:, :36].any()
    assert carried.labels[0][:, 50:][solid[:, 50:]].min() > 0.5
