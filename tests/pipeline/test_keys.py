import cv2
import numpy as np
import pytest

from dvm_core.pipeline.keys import ShotKeys
from dvm_core.pipeline.session import MattingSession


def test_a_frame_takes_from_the_keys_around_it_by_how_near_they_are():
    keys = ShotKeys((1001, 1006))
    assert keys.around(1003) == ((1001, pytest.approx(0.6)), (1006, pytest.approx(0.4)))
    assert keys.around(1005) == ((1001, pytest.approx(0.2)), (1006, pytest.approx(0.8)))


def test_a_frame_outside_the_keys_takes_from_the_nearest_alone():
    keys = ShotKeys((1002, 1005))
    assert keys.around(1001) == ((1002, 1.0),)
    assert keys.around(1009) == ((1005, 1.0),)


def test_a_key_stands_for_itself_and_so_does_every_frame_where_there_are_none():
    assert ShotKeys((1001, 1005)).around(1005) == ()
    assert ShotKeys(()).around(1005) == ()


def test_some_frames_need_the_keys_next_to_them_and_no_others():
    keys = ShotKeys((1001, 1003, 1009))
    assert keys.needs((1005, 1006)) == {1003, 1005, 1006, 1009}
    assert keys.needs((1003,)) == {1003}


BEADS = np.array([[0.1, 0.25, 0.7], [0.9, 0.4, 0.1], [0.9, 0.88, 0.85]])


def beads(right):
    """Three beads of different colours before a wall of all colours, `right` pixels from where they stood first.

    Plate, trimap with their cores, alpha, and which bead is nearest.
    """
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:128, :192]
    distances = np.stack([np.hypot(y - 64 + 20 * at, x - 96 - right - 45 * at) for at in (-1, 0, 1)])
    distance, bead = distances.min(axis=0), distances.argmin(axis=0)
    alpha = np.clip((16 - distance) / 3 + 0.5, 0, 1).astype(np.float32)
    wall = cv2.resize(rng.uniform(0.1, 0.9, (12, 12, 3)), (192, 128), interpolation=cv2.INTER_LINEAR)
    plate = alpha[..., None] * BEADS[bead] + (1 - alpha[..., None]) * wall + rng.normal(0, 0.01, (128, 192, 3))
    trimap = np.where(distance < 10, 255, np.where(distance > 24, 0, 128)).astype(np.uint8)
    return plate.clip(0, 1).astype(np.float32), trimap, alpha, bead


@pytest.mark.parametrize(("reduce", "left"), [(1, 0.5), (2, 0.8)])
def test_colours_that_the_keys_know_find_what_a_propagated_trimap_has_lost(reduce, left):
    plate, trimap, alpha, bead = beads(right=0)
    trimap[(trimap == 255) & (bead != 1)] = 128  # the tracker was sure of one bead alone
    with MattingSession("lite", device="cpu", reduce=reduce) as session:
        keys = session.known_colours(*beads(right=9)[:2])
        lost, found = (
            float(np.abs([*session.push(plate, trimap, keys=known), *session.finish()][0].alpha - alpha).sum())
            for known in (None, keys)
        )
    assert found < left * lost


def test_a_model_that_asks_no_keys_is_told_of_none():
    with MattingSession("closed-form") as session:
        assert not session.keyed
        assert session.known_colours(*beads(right=0)[:2]) is None
