"""A few hundred of the inputs that `benchmarks/fuzz.py` tries for minutes, and the script itself."""

import os
import signal
import time

import pytest

from dvm_core.bridge.errors import InputError

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="inputs are tried in forks")


@pytest.fixture
def fuzz():
    from benchmarks import fuzz

    return fuzz


@pytest.mark.parametrize(("target", "count"), [("job", 200), ("frames", 300), ("plate", 40), ("trimap", 40)])
def test_mutated_inputs_end_in_a_result_or_a_sentence(fuzz, tmp_path, target, count):
    tried = fuzz.Fuzz(target, tmp_path / "findings")
    tried.run(10**6, count)
    tried.close()
    assert tried.found == []
    assert tried.tried == count


def stumble(path):
    number = int(path.read_bytes())
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    if number == 5:
        raise KeyError("a mistake")
    if number == 7:
        raise InputError("Frame 7 is damaged.")


def test_deaths_and_mistakes_are_found_and_kept_and_the_next_inputs_tried(fuzz, tmp_path, monkeypatch):
    monkeypatch.setitem(fuzz.TARGETS, "frames", fuzz.Target(fuzz.range_or_pattern, stumble))
    monkeypatch.setattr(fuzz.Fuzz, "input", lambda self, number: b"%d" % number)
    tried = fuzz.Fuzz("frames", tmp_path / "findings")
    tried.run(0, 10)
    tried.close()
    assert tried.tried == 10
    assert len(tried.found) == 2
    assert "the process died" in tried.found[0]
    assert "KeyError in test_fuzz.py" in tried.found[1]
    assert sorted(path.name for path in (tmp_path / "findings").iterdir()) == ["frames-3", "frames-5"]


def test_an_input_that_takes_too_long_is_found(fuzz, tmp_path, monkeypatch):
    monkeypatch.setattr(fuzz, "PATIENCE", 1.0)
    monkeypatch.setattr(fuzz.Fuzz, "input", lambda self, number: b"%d" % number)
    sleep = fuzz.Target(fuzz.range_or_pattern, lambda path: time.sleep(60 if path.read_bytes() == b"2" else 0))
    monkeypatch.setitem(fuzz.TARGETS, "frames", sleep)
    tried = fuzz.Fuzz("frames", tmp_path / "findings")
    tried.run(0, 5)
    tried.close()
    assert tried.tried == 5
    assert len(tried.found) == 1
    assert "hang" in tried.found[0]
