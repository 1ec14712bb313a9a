"""Which frames are rendered for the engine."""

import pytest

from dvm_core.model.closed_form import ClosedForm
from dvm_core.model.lite import Lite


@pytest.fixture
def span(dvm_nuke):
    return dvm_nuke("span")


def test_neighbours_are_added_where_the_shot_has_them(span):
    shot = span.Span(1001, 1100)
    assert span.with_neighbours(span.Span(1050, 1052), shot) == (1042, 1060)
    assert span.with_neighbours(span.Span(1003, 1099), shot) == (1001, 1100)


def test_wanted_frames_count_even_beyond_the_shot(span):
    assert span.with_neighbours(span.Span(990, 1005), span.Span(1001, 1100)) == (990, 1013)
    assert span.with_neighbours(span.Span(1, 5), span.Span(1001, 1100)) == (1, 13)


def test_propagation_needs_the_frames_up_to_the_keys_on_both_sides(span):
    shot = span.Span(1001, 1200)
    keys = [1010, 1048, 1090, 1150]
    assert span.between_keys(span.Span(1050, 1052), shot, keys) == (1010, 1090)
    assert span.between_keys(span.Span(1120, 1190), shot, keys) == (1090, 1198)
    assert span.between_keys(span.Span(1050, 1050), shot, [1050]) == (1042, 1058)


def test_enough_neighbours_are_rendered_for_every_model(span):
    """A frame's features reach over its window, and its region over the windows of the frames around it."""
    for window in (Lite().window, ClosedForm.window):
        assert 2 * (window.past + window.future) <= span.NEIGHBOURS
