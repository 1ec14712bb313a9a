import numpy as np
import pytest

from dvm_core.bridge.errors import InputError
from dvm_core.trimap.propagate_grid import Grid
from dvm_core.trimap.propagate_plates import Plates

GRID = Grid((8, 12), (4, 6))


def plates(frames, read=None):
    return Plates(frames, read or (lambda frame: np.full((8, 12, 3), frame / 100, np.float32)), GRID)


def test_neighbours_lie_on_both_sides_and_inwards_at_the_ends():
    some = plates((10, 11, 13, 14))
    assert [some.beside(frame) for frame in (10, 11, 13, 14)] == [(11, 13), (10, 13), (11, 14), (13, 11)]
    assert plates((1, 2)).beside(1) == (2,)
    assert plates((1,)).beside(1) == ()


def test_recent_plates_are_read_once_and_few_are_kept():
    read = []
    some = plates(range(9), lambda frame: read.append(frame) or np.zeros((8, 12, 3), np.float32))
    for frame in (0, 1, 2, 1, 0, 2, 3, 4, 5, 0):
        some.small(frame)
    assert read == [0, 1, 2, 3, 4, 5, 0]


def test_a_plate_of_another_size_is_named():
    with pytest.raises(InputError, match="12x8 like its key's trimap, found 5x4") as caught:
        plates((7,), lambda frame: np.zeros((4, 5, 3), np.float32)).small(7)
    assert caught.value.frame == 7
