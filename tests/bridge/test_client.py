"""A host and the real engine: jobs, events, cancelling, and the end of either side."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

import dvm_core
from dvm_core.bridge.client import Worker
from dvm_core.bridge.errors import DvmError, EngineNotFound
from dvm_core.pipeline import run_job

LONG = 300  # seconds; a busy machine may take its time, a hang takes for ever


@pytest.fixture(scope="module")
def worker():
    worker = Worker(sys.executable)
    yield worker
    worker.stop()


def _gone(pid, timeout=LONG):
    """Whether a process ends in time; one that nobody has buried yet has ended."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False


def _first_frame(task):
    """Events up to the first frame that is written."""
    seen = []
    deadline = time.monotonic() + LONG
    while not any(event["event"] in ("frame", "error") for event in seen):
        assert time.monotonic() < deadline
        seen += task.poll()
        time.sleep(0.005)
    return seen


def test_the_engine_says_who_it_is_and_answers(worker):
    hello = worker.start(LONG)
    assert (hello["protocol"], hello["version"]) == (1, dvm_core.__version__)
    assert hello["device"]
    assert worker.start(LONG) == hello
    assert 0 < worker.ping(LONG) < LONG


def test_a_job_gives_what_it_gives_without_a_host(worker, make_job):
    task = worker.run(make_job(3, out="host"))
    assert task.wait(LONG)["event"] == "done"
    run_job(make_job(3, out="shell"))
    outputs = task.last["outputs"]
    assert len(outputs) == 3
    for path in map(Path, outputs):
        assert path.read_bytes() == (path.parents[1] / "shell" / path.name).read_bytes()


def test_every_event_comes_once_and_in_order(worker, make_job):
    task = worker.run(make_job(4))
    events = []
    while not task.finished:
        events += task.poll()
        time.sleep(0.005)
    events += task.poll()
    assert task.poll() == []
    assert [event["event"] for event in events if event["event"] not in ("log", "warning")] == [
        "plan",
        *["frame"] * 4,
        "done",
    ]
    assert [event["frame"] for event in events if event["event"] == "frame"] == [1001, 1002, 1003, 1004]
    assert task.last == events[-1]


def test_jobs_run_one_after_another_in_order(worker, make_job):
    tasks = [worker.run(make_job(2, out=f"out{index}")) for index in range(3)]
    ends = [task.wait(LONG) for task in tasks]
    assert [end["event"] for end in ends] == ["done"] * 3
    written = [Path(path).stat().st_mtime_ns for end in ends for path in end["outputs"]]
    assert written == sorted(written)


def test_a_job_that_fails_says_which_frame_and_the_next_one_runs(worker, make_job):
    job = make_job(3)
    broken = Path(job.trimap.replace("####", "1002"))
    broken.unlink()
    broken.write_bytes(b"no picture")
    end = worker.run(job).wait(LONG)
    assert (end["event"], end["code"]) == ("error", 3)
    assert "1002" in end["message"]
    assert worker.run(make_job(1, range="1001", out="next")).wait(LONG)["event"] == "done"


def test_a_cancelled_job_stops_and_keeps_its_frames(worker, make_job):
    job = make_job(300, side=64)
    task = worker.run(job)
    _first_frame(task)
    task.cancel()
    assert task.wait(LONG)["event"] == "cancelled"
    written = list(Path(job.output).parent.glob("alpha.*.exr"))
    assert 1 <= len(written) < 300
    assert not [path for path in Path(job.output).parent.iterdir() if path not in written]
    task.cancel()


def test_cancelling_stops_within_a_frame(worker, make_job):
    """Once the engine has heard of it, the frame in work is the last; what is computed is still written."""
    task = worker.run(make_job(300, side=64))
    _first_frame(task)
    task.cancel()
    worker.ping(LONG)  # answered after the cancel was heard
    task.poll()
    assert task.wait(LONG)["event"] == "cancelled"
    computed = 2 + 1  # waiting to be written, and being written
    assert sum(event["event"] == "frame" for event in task.poll()) <= computed + 1


def test_a_waiting_job_is_cancelled_at_once(worker, make_job):
    running = worker.run(make_job(300, side=64, out="a"))
    waiting = worker.run(make_job(2, out="b"))
    _first_frame(running)
    waiting.cancel()
    assert waiting.wait(LONG)["event"] == "cancelled"
    assert not running.finished
    running.cancel()
    assert running.wait(LONG)["event"] == "cancelled"


def test_the_engine_answers_while_it_works(worker, make_job):
    task = worker.run(make_job(300, side=64))
    _first_frame(task)
    worker.ping(LONG)
    assert not task.finished
    task.cancel()
    task.wait(LONG)


def test_paths_that_count_from_nowhere_are_refused(worker, make_job):
    end = worker.run(make_job(plate="plate.####.exr")).wait(LONG)
    assert (end["event"], end["code"]) == ("error", 2)
    assert "full path" in end["message"]


def test_waiting_for_a_job_that_goes_on_ends_in_time(worker, make_job):
    task = worker.run(make_job(300, side=64))
    with pytest.raises(TimeoutError, match="not ended within"):
        task.wait(0.01)
    task.cancel()
    task.wait(LONG)


def test_a_killed_engine_ends_its_jobs_with_an_error_and_comes_back(make_worker, make_job):
    worker = make_worker()
    tasks = [worker.run(make_job(300, side=64, out="a")), worker.run(make_job(2, out="b"))]
    _first_frame(tasks[0])
    os.kill(worker.pid, signal.SIGKILL)
    for task in tasks:
        end = task.wait(LONG)
        assert (end["event"], end["code"]) == ("error", 1)
        assert "stopped unexpectedly (signal 9" in end["message"]
    assert worker.pid is None
    with pytest.raises(DvmError, match="not running"):
        worker.ping()
    assert worker.run(make_job(1, out="c")).wait(LONG)["event"] == "done"


_HOST = """
import sys, time
from dvm_core.bridge.client import Worker
from dvm_core.bridge.job import MatteJob
worker = Worker(sys.executable)
task = worker.run(MatteJob(*sys.argv[2:5], model="closed-form"))
while not any(event["event"] == "frame" for event in task.poll()):
    time.sleep(0.01)
print(worker.pid, flush=True)
time.sleep({"wait": 600, "leave": 0}[sys.argv[1]])
"""


def _host(manner, job):
    """A host whose engine is at work, and the engine's process id."""
    host = subprocess.Popen(
        [sys.executable, "-c", _HOST, manner, job.plate, job.trimap, job.output], stdout=subprocess.PIPE
    )
    with host.stdout:
        return host, int(host.stdout.readline())


def test_the_engine_ends_when_its_host_is_killed(make_job):
    job = make_job(400, side=64)
    host, pid = _host("wait", job)
    host.kill()
    host.wait()
    assert _gone(pid)
    folder = Path(job.output).parent
    assert not [path for path in folder.iterdir() if not path.name.startswith("alpha.")]


def test_the_engine_ends_with_a_host_that_never_says_goodbye(make_job):
    host, pid = _host("leave", make_job(400, side=64))
    assert host.wait(LONG) == 0
    assert _gone(pid)


def test_stopping_cancels_what_runs_and_what_waits(make_worker, make_job):
    worker = make_worker()
    tasks = [worker.run(make_job(300, side=64, out="a")), worker.run(make_job(2, out="b"))]
    _first_frame(tasks[0])
    pid = worker.pid
    worker.stop()
    assert [task.wait(LONG)["event"] for task in tasks] == ["cancelled"] * 2
    assert _gone(pid)
    worker.stop()
    assert worker.pid is None


def test_what_a_host_sets_for_itself_does_not_reach_the_engine(make_worker, monkeypatch):
    for name in ("PYTHONHOME", "PYTHONPATH", "LD_LIBRARY_PATH", "QT_PLUGIN_PATH", "DYLD_LIBRARY_PATH"):
        monkeypatch.setenv(name, "/nonexistent/host")
    assert make_worker().start(LONG)["event"] == "hello"


def test_without_an_engine_nothing_starts(tmp_path):
    with pytest.raises(EngineNotFound, match="no Python at"):
        Worker(str(tmp_path / "python")).start()
