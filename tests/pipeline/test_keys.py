import numpy as np
import pytest

from dvm_core.pipeline.keys import ShotKeys
from dvm_core.pipeline.session import MattingSession

FRAMES = (1001, 1002, 1003, 1005, 1006, 1009)


def test_a_frame_takes_from_the_keys_around_it_by_how_near_they_are_in_the_shot():
    keys = ShotKeys(FRAMES, (1001, 1006))
    assert keys.around(1003) == ((1001, pytest.approx(0.5)), (1006, pytest.approx(0.5)))  # 1004 is not in the shot
    assert keys.around(1005) == ((1001, pytest.approx(0.25)), (1006, pytest.approx(0.75)))


def test_a_frame_outside_the_keys_takes_from_the_nearest_alone():
    keys = ShotKeys(FRAMES, (1002, 1005))
    assert keys.around(1001) == ((1002, 1.0),)
    assert keys.around(1009) == ((1005, 1.0),)


def test_a_key_stands_for_itself_and_so_does_every_frame_where_there_are_none():
    assert ShotKeys(FRAMES, (1001, 1005)).around(1005) == ()
    assert ShotKeys(FRAMES, ()).around(1005) == ()


def test_some_frames_need_the_keys_next_to_them_and_no_others():
    keys = ShotKeys(FRAMES, (1001, 1003, 1009))
    assert keys.needs((1005, 1006)) == {1003, 1005, 1006, 1009}
    assert keys.needs((1003,)) == {1003}


def beads(seed):
    """Three discs, blue before a pale wall: plate, alpha, and a trimap that knows their cores."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:128, :192]
    distance = np.min([np.hypot(y - 64 + 20 * at, x - 50 - 45 * at) for at in (-1, 0, 1)], axis=0)
    alpha = np.clip((16 - distance) / 3 + 0.5, 0, 1).astype(np.float32)
    wall = 0.75 + rng.normal(0, 0.02, (128, 192, 3))
    plate = alpha[..., None] * [0.1, 0.25, 0.7] + (1 - alpha[..., None]) * wall
    trimap = np.where(distance < 10, 255, np.where(distance > 24, 0, 128)).astype(np.uint8)
    return plate.clip(0, 1).astype(np.float32), alpha, trimap


def test_a_model_that_asks_no_keys_is_told_of_none():
    with MattingSession("closed-form") as session:
        assert not session.keyed
        assert session.known_colours(*beads(0)[::2]) is None
