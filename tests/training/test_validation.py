import numpy as np
import pytest

from dvm_core.training.synthetic import Take
from dvm_core.training.validation import RADIUS, make_validation, score
from dvm_core.training.variety import NATURAL, WILD


@pytest.fixture
def varieties(monkeypatch):
    seen = []
    monkeypatch.setattr("dvm_core.training.validation.make_take", lambda *_, variety, **__: seen.append(variety))
    return seen


def test_the_takes_are_natural_as_often_as_those_of_training(varieties, library):
    make_validation(library, takes=8, size=64, natural=0.75)
    assert [variety.exposure for variety in varieties] == [NATURAL.exposure] * 6 + [WILD.exposure] * 2
    assert {variety.radius for variety in varieties} == {RADIUS}


def test_a_take_depends_on_its_number_alone(library):
    two, three = (make_validation(library, takes=takes, size=64, frames=3) for takes in (2, 3))
    for one, other in zip(two, three, strict=False):
        np.testing.assert_array_equal(one.plates, other.plates)
        np.testing.assert_array_equal(one.trimaps, other.trimaps)
    assert not np.array_equal(three[1].plates, three[2].plates)


def test_errors_are_those_of_the_middle_frame_where_it_is_unknown():
    truth = np.stack([np.full((4, 4), value, np.float32) for value in (0.9, 0.5, 0.9)])
    trimaps = np.full((3, 4, 4), 255, np.uint8)
    trimaps[1, 0, :2] = 128
    empty = np.zeros((3, 4, 4, 3), np.float32)
    alpha = np.zeros((4, 4), np.float32)
    alpha[0, :2] = 0.6, 0.8
    found = score([alpha, alpha], [Take(empty, trimaps, truth, empty, empty)] * 2)
    assert found == pytest.approx({"mae": 0.2, "mse": (0.01 + 0.09) / 2, "sad": 0.4 / 1000})


def test_a_take_without_unknown_pixels_counts_for_nothing():
    truth, empty = np.zeros((1, 4, 4), np.float32), np.zeros((1, 4, 4, 3), np.float32)
    known, unknown = (Take(empty, np.full((1, 4, 4), level, np.uint8), truth, empty, empty) for level in (0, 128))
    alpha = np.full((4, 4), 0.25, np.float32)
    assert score([alpha, alpha], [known, unknown])["mae"] == pytest.approx(0.25)
