"""The fake keeps the real worker's promises, so that what passes with it passes with the engine."""

import inspect

import pytest

from dvm_core.bridge import protocol
from dvm_core.bridge.client import Worker
from dvm_core.bridge.errors import DvmError, InputError
from dvm_core.bridge.fake import FakeWorker
from dvm_core.bridge.job import MatteJob

JOB = MatteJob("/p/plate.####.exr", "/p/trimap.####.png", "/p/alpha.####.exr", range="1-3")


def test_it_has_every_method_of_the_real_one_with_the_same_arguments():
    for name, method in inspect.getmembers(Worker, inspect.isfunction):
        if not name.startswith("_"):
            assert inspect.signature(method) == inspect.signature(getattr(FakeWorker, name))
    real = inspect.signature(Worker).parameters
    assert {name: inspect.signature(FakeWorker).parameters[name] for name in real} == dict(real)


def test_a_job_goes_well_unless_a_test_says_otherwise():
    worker = FakeWorker()
    task = worker.run(JOB)
    seen = []
    while not task.finished:
        seen += task.poll()
    assert [event["event"] for event in seen] == ["plan", *["frame"] * 3, "done"]
    assert task.wait() == task.last == seen[-1]
    assert task.last["outputs"] == ["/p/alpha.0001.exr", "/p/alpha.0002.exr", "/p/alpha.0003.exr"]
    assert worker.jobs == [JOB]


def test_a_test_says_what_happens_and_may_write_files(tmp_path):
    def answer(job):
        (tmp_path / "alpha.0001.exr").write_text("pixels")
        yield protocol.frame(1, 0.1, "/p/alpha.0001.exr", index=1, total=2)
        raise InputError("Frame 2 is damaged.", frame=2)

    task = FakeWorker(answer=answer).run(JOB)
    assert task.poll()[0]["frame"] == 1
    assert (tmp_path / "alpha.0001.exr").exists()
    assert not task.finished
    assert task.wait()["frame"] == 2
    assert [event["event"] for event in task.poll()] == ["error"]


def test_a_cancelled_job_ends_with_the_next_event():
    task = FakeWorker().run(JOB)
    assert task.poll()
    task.cancel()
    assert [event["event"] for event in task.poll()] == ["cancelled"]
    assert task.finished


def test_it_answers_only_while_it_runs():
    worker = FakeWorker()
    with pytest.raises(DvmError, match="not running"):
        worker.ping()
    assert worker.start()["protocol"] == protocol.PROTOCOL
    assert worker.ping() == 0
    worker.stop()
    with pytest.raises(DvmError, match="not running"):
        worker.ping()
