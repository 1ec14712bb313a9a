import pytest

from dvm_core.model.network import Window
from dvm_core.pipeline.windows import Span, neighbours, reach, served, spans

BOTH = Window(1, 1)
PAST = Window(2, 0)
SHOT = range(1001, 1021)


def test_the_last_frame_repeats_past_either_end():
    assert neighbours(0, PAST, 5) == [0, 0, 0]
    assert neighbours(4, BOTH, 5) == [3, 4, 4]
    assert neighbours(0, BOTH, 1) == [0, 0, 0]


@pytest.mark.parametrize("window", [BOTH, PAST, Window(1, 3), Window(0, 0)])
def test_a_frame_serves_exactly_those_whose_window_it_stands_in(window):
    for frame in range(8):
        inside = {other for other in range(8) if frame in range(other - window.past, other + window.future + 1)}
        assert set(served(frame, window, 8)) == inside


def test_a_span_reads_what_its_frames_depend_on():
    assert reach(BOTH) == 2
    assert list(spans(SHOT, [1010, 1011], BOTH)) == [Span(tuple(range(1008, 1014)), frozenset({1010, 1011}))]


def test_a_span_stops_at_the_ends_of_the_shot():
    assert next(spans(SHOT, [1001], BOTH)).frames == (1001, 1002, 1003)
    assert next(spans(SHOT, [1020], PAST)).frames == (1018, 1019, 1020)


def test_frames_far_apart_are_read_apart_and_near_ones_together():
    far = list(spans(SHOT, [1003, 1015], BOTH))
    assert [span.frames[0] for span in far] == [1001, 1013]
    near = list(spans(SHOT, [1003, 1007], BOTH))
    assert [span.frames for span in near] == [tuple(range(1001, 1010))]


def test_every_wanted_frame_is_in_one_span_with_all_it_depends_on():
    for wanted in ([1001, 1006, 1012, 1020], list(SHOT)[::2], list(SHOT)):
        found = [frame for span in spans(SHOT, wanted, BOTH) for frame in sorted(span.wanted)]
        assert found == wanted
        for span in spans(SHOT, wanted, BOTH):
            for frame in span.wanted:
                around = {near for near in range(frame - 2, frame + 3) if near in SHOT}
                assert around <= set(span.frames)


def test_a_hole_in_the_shot_is_stepped_over():
    shot = [1, 2, 3, 7, 8, 9]
    assert next(spans(shot, [7], BOTH)).frames == (2, 3, 7, 8, 9)


def test_nothing_wanted_reads_nothing():
    assert list(spans(SHOT, [], BOTH)) == []
