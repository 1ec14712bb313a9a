"""What looks say against what was carried."""

import numpy as np
import pytest

from dvm_core.trimap.propagate_recall import Look
from dvm_core.trimap.propagate_review import review

SHAPE = (40, 60)
ALPHA, OPEN, CORE, CLEAR = range(4)
CERTAIN = np.ones(SHAPE, np.float32)


@pytest.fixture
def labels():
    """A solid square, known in the key but for its edge."""
    found = np.zeros((4, *SHAPE), np.float32)
    found[ALPHA, 10:30, 10:30] = 1
    found[CORE, 12:28, 12:28] = 1
    found[CLEAR] = 1 - found[ALPHA]
    return found


def look(*changes):
    """The square looks like the object and the rest like background, but for (rows, columns, odds, familiarities)."""
    odds = np.full(SHAPE, -5, np.float32)
    odds[10:30, 10:30] = 5
    foreground, background = (odds > 0).astype(np.float32), (odds < 0).astype(np.float32)
    for rows, columns, *values in changes:
        for part, value in zip((odds, foreground, background), values, strict=True):
            part[rows, columns] = value
    return Look(odds, foreground, background)


EDGE = np.s_[10:30, 10:14]
WALL, STRANGER = (-4, 0, 1), (-4, 0, 0)


def test_what_looks_as_it_was_carried_stays_as_it_is(labels):
    assert (review(labels, CERTAIN, look()) == labels).all()


def test_what_drifted_onto_the_background_is_given_up(labels):
    found = review(labels, CERTAIN, look((*EDGE, *WALL)))
    assert not found[:3, 10:30, 10:14].any()
    assert (found[:, :, 14:] == labels[:, :, 14:]).all()


def test_what_looks_like_nothing_in_the_keys_stays(labels):
    assert (review(labels, CERTAIN, look((*EDGE, *STRANGER))) == labels).all()


def test_eyes_and_buttons_stay_though_they_look_like_the_background(labels):
    assert (review(labels, CERTAIN, look((slice(18, 22), slice(18, 22), *WALL))) == labels).all()


def test_mixed_pixels_may_look_like_the_background(labels):
    labels[ALPHA, 10:30, 10:14] = 0.6
    assert (review(labels, CERTAIN, look((*EDGE, *WALL))) == labels).all()


@pytest.mark.parametrize(("certainty", "familiar", "taken"), [(0.5, 0.8, True), (0.95, 0.8, False), (0.5, 0.1, False)])
def test_what_comes_out_beside_the_object_is_taken_in_pixel_by_pixel_and_as_unknown(labels, certainty, familiar, taken):
    arm = look((slice(15, 20), slice(30, 50), 4, familiar, 0))
    found = review(labels, np.full(SHAPE, certainty, np.float32), arm)
    assert (found[ALPHA, 15:20, 30] > 0.5).all() == taken
    assert (found[OPEN, 15:20, 30] == 1).all() == taken
    assert (found[CORE] == labels[CORE]).all()
    assert not found[ALPHA, :, 31:].any()


def test_an_empty_object_stays_empty():
    nothing = np.zeros((4, *SHAPE), np.float32)
    assert not review(nothing, 0 * CERTAIN, look()).any()


def test_labels_are_not_written_to(labels):
    before = labels.copy()
    review(labels, 0 * CERTAIN, look((slice(None), slice(None), *WALL)))
    assert (labels == before).all()
