import itertools

import pytest

from dvm_core.pipeline.stream import ReadAhead, WriteBehind


def test_items_arrive_in_order_and_no_further_ahead_than_asked():
    produced = []

    def items():
        for number in range(20):
            produced.append(number)
            yield number

    with ReadAhead(items(), depth=2) as arriving:
        for expected, number in enumerate(arriving):
            assert number == expected
            assert len(produced) <= expected + 1 + 2 + 1 + 1  # taken, waiting, in hand, and one in the making
    assert produced == list(range(20))


def test_an_error_while_reading_is_raised_after_the_items_before_it():
    def items():
        yield 1
        yield 2
        raise ValueError("frame 3 is damaged")

    seen = []
    with ReadAhead(items(), depth=1) as arriving:
        seen.append(next(arriving))
        seen.append(next(arriving))
        with pytest.raises(ValueError, match="frame 3"):
            next(arriving)
    assert seen == [1, 2]


def test_leaving_early_stops_the_reader():
    reader = ReadAhead(itertools.repeat(0), depth=1)
    with reader as arriving:
        next(arriving)
    assert not reader._thread.is_alive()


def test_everything_that_waits_is_written_even_when_the_work_fails():
    written = []

    def fail():
        with WriteBehind(written.append, depth=5) as writer:
            for number in range(5):
                writer.put(number)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert written == [0, 1, 2, 3, 4]


def test_a_failed_write_is_raised_and_stops_the_writing():
    written = []

    def write(item):
        if item == 2:
            raise OSError("disk full")
        written.append(item)

    def write_all():
        with WriteBehind(write, depth=1) as writer:
            for number in range(100):
                writer.put(number)

    with pytest.raises(OSError, match="disk full"):
        write_all()
    assert written == [0, 1]
