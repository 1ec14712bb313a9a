"""Which frames are rendered for the engine."""

import pytest

from dvm_core.model.closed_form import ClosedForm
from dvm_core.model.lite import Lite
from dvm_core.model.registry import build
from dvm_core.pipeline.windows import reach


@pytest.fixture
def span(dvm_nuke):
    return dvm_nuke("span")


def test_neighbours_are_added_where_the_shot_has_them(span):
    shot = span.Span(1001, 1100)
    assert span.with_neighbours(span.Span(1050, 1052), shot) == (1046, 1056)
    assert span.with_neighbours(span.Span(1003, 1099), shot) == (1001, 1100)


def test_wanted_frames_count_even_beyond_the_shot(span):
    assert span.with_neighbours(span.Span(990, 1005), span.Span(1001, 1100)) == (990, 1009)
    assert span.with_neighbours(span.Span(1, 5), span.Span(1001, 1100)) == (1, 9)


def test_propagation_needs_the_frames_up_to_the_keys_on_both_sides(span):
    shot = span.Span(1001, 1200)
    keys = [1010, 1048, 1090, 1150]
    assert span.between_keys(span.Span(1050, 1052), shot, keys) == (1010, 1090)
    assert span.between_keys(span.Span(1120, 1190), shot, keys) == (1090, 1194)
    assert span.between_keys(span.Span(1050, 1050), shot, [1050]) == (1046, 1054)
    assert span.between_keys(span.Span(1050, 1050), shot, [1, 9999]) == (1046, 1054), "no plate is there"


def test_frames_that_were_put_right_are_needed_on_both_sides(span):
    shot = span.Span(1001, 1200)
    fixed = [900, 1010, 1048, 1090, 1250]
    assert span.with_corrected(span.Span(1050, 1052), shot, fixed) == (1048, 1090)
    assert span.with_corrected(span.Span(1048, 1048), shot, fixed) == (1048, 1048), "it is one itself"
    assert span.with_corrected(span.Span(1100, 1110), shot, fixed) == (1090, 1110), "no plate is there"
    assert span.with_corrected(span.Span(1040, 1095), shot, []) == (1040, 1095)


def test_enough_neighbours_are_rendered_for_every_model(span):
    assert all(reach(model.window) <= span.NEIGHBOURS for model in (Lite(), ClosedForm, build("rn50")))
