import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dvm_core.io.roll_off import KNEE, roll_off

EVERY_HALF = np.arange(1 << 16, dtype=np.uint16).view(np.float16).astype(np.float32)


def test_nothing_changes_up_to_the_knee():
    values = np.linspace(0, KNEE, 1001, dtype=np.float32)
    np.testing.assert_array_equal(roll_off(values), values)


def test_it_equals_its_formula_above_the_knee():
    values = np.array([0.96, 1.0, 1.5, 10.0, 65504.0])
    expected = 1 - (1 - KNEE) ** 2 / (values + 1 - 2 * KNEE)
    np.testing.assert_allclose(roll_off(values.astype(np.float32)), expected, rtol=1e-6)


def test_negative_values_and_nan_are_0_and_infinity_is_1():
    values = np.array([-np.inf, -1, -0.0, np.nan, np.inf], np.float32)
    np.testing.assert_array_equal(roll_off(values), [0, 0, 0, 0, 1])


def test_it_rises_over_every_half_and_stays_within_0_and_1():
    values = np.sort(EVERY_HALF[np.isfinite(EVERY_HALF)])
    rolled = roll_off(values)
    assert (np.diff(rolled) >= 0).all()
    assert rolled.min() == 0
    assert rolled.max() <= 1


def test_value_and_slope_meet_at_the_knee():
    step = 1e-3
    below, at, above = roll_off(np.array([KNEE - step, KNEE, KNEE + step], np.float32)).astype(np.float64)
    assert abs(above - at) < 1.01 * step
    # The slope right above falls by 2 / (1 - KNEE) for each unit.
    np.testing.assert_allclose((above - at) / step, (at - below) / step, atol=1.1 * step / (1 - KNEE))


@given(st.floats(0, 1e6, width=32), st.floats(0, 1e6, width=32))
def test_a_brighter_value_never_becomes_darker(first, second):
    low, high = roll_off(np.array(sorted([first, second]), np.float32))
    assert low <= high


def test_the_input_is_left_alone_and_may_be_empty():
    values = np.array([2.0, -1.0], np.float32)
    roll_off(values)
    np.testing.assert_array_equal(values, [2, -1])
    assert roll_off(np.empty((0, 3), np.float32)).shape == (0, 3)
