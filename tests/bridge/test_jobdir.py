import json
import os
import stat
import threading
from pathlib import Path

import pytest

from dvm_core.bridge import jobdir, protocol
from dvm_core.bridge.errors import InputError, OutputError, UsageError
from dvm_core.bridge.job import MatteJob
from dvm_core.bridge.jobdir import JobDirectory

JOB = MatteJob("/p/plate.####.exr", "/p/trimap.####.png", "/p/alpha.####.exr")


def _mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def _frame(number, index, total):
    return protocol.frame(number, 0.5, f"/p/alpha.{number:04d}.exr", index=index, total=total)


def _plan(frames):
    return protocol.plan(
        frames, model="m", device="cpu", kernels="k", precision="fp32", colorspace="c", tile="off", memory_bytes=1
    )


@pytest.fixture
def directory(tmp_path):
    return JobDirectory.create(tmp_path / "deep" / "job", JOB)


def test_a_new_folder_is_its_owners_alone_and_holds_the_job(directory):
    assert _mode(directory.path) == 0o700
    assert directory.job() == JOB
    assert directory.status() == {
        "state": "queued",
        "done": 0,
        "total": 0,
        "message": "",
        "code": 0,
        "outputs": [],
        "warnings": [],
    }
    assert not directory.is_cancelled()


def test_a_folder_that_others_could_enter_is_closed_before_it_is_used(tmp_path):
    tmp_path.chmod(0o755)
    (tmp_path / "job.json").write_text(json.dumps(JOB.to_dict()))
    JobDirectory(tmp_path).start()
    assert _mode(tmp_path) == 0o700


def test_files_in_it_cannot_be_read_by_others(directory):
    assert _mode(directory.path / "status.json") & 0o077 == 0


def test_the_status_follows_the_events(directory):
    directory.start()
    assert directory.status()["state"] == "running"
    directory.record(_plan((1001, 1002)))
    assert directory.status()["total"] == 2
    directory.record(_frame(1001, 1, 2))
    status = directory.status()
    assert (status["done"], status["total"], status["outputs"]) == (1, 2, ["/p/alpha.1001.exr"])
    directory.record(_frame(1002, 2, 2))
    directory.record(protocol.done(2, 1.0, ["/p/alpha.1001.exr", "/p/alpha.1002.exr"]))
    status = directory.status()
    assert (status["state"], status["done"], status["code"]) == ("done", 2, 0)
    assert status["outputs"] == ["/p/alpha.1001.exr", "/p/alpha.1002.exr"]


def test_a_warning_is_still_there_when_the_job_is_done(directory):
    directory.start()
    assert directory.status()["warnings"] == []
    directory.record(protocol.warning("The plate has a gap.", frame=1003))
    directory.record(_frame(1001, 1, 1))
    directory.record(protocol.done(1, 1.0, []))
    assert directory.status()["warnings"] == ["The plate has a gap."]


def test_a_failed_job_keeps_its_finished_frames_and_says_why(directory):
    directory.start()
    directory.record(_plan((1, 2)))
    directory.record(_frame(1, 1, 2))
    directory.record(protocol.error(InputError("Frame 2 is damaged.", frame=2)))
    status = directory.status()
    assert (status["state"], status["code"], status["message"]) == ("failed", 3, "Frame 2 is damaged.")
    assert status["outputs"] == ["/p/alpha.0001.exr"]


def test_a_cancelled_job_says_so(directory):
    directory.start()
    directory.cancel()
    assert directory.is_cancelled()
    directory.record(protocol.cancelled())
    assert (directory.status()["state"], directory.status()["code"]) == ("cancelled", 130)


def test_events_are_those_of_the_last_run_one_a_line(directory):
    directory.start()
    directory.record(protocol.log("first run"))
    directory.start()
    directory.record(protocol.log("second run"))
    directory.record(protocol.cancelled())
    lines = (directory.path / "events.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [protocol.log("second run"), protocol.cancelled()]


def test_a_reader_never_sees_half_a_status(directory):
    directory.start()
    stop, seen = threading.Event(), []

    def read():
        while not stop.is_set():
            seen.append(json.loads((directory.path / "status.json").read_text())["state"])

    reader = threading.Thread(target=read)
    reader.start()
    for index in range(200):
        directory.record(_frame(index, index + 1, 200))
    stop.set()
    reader.join()
    assert set(seen) == {"running"}
    assert sorted(os.listdir(directory.path)) == ["events.jsonl", "job.json", "status.json"]


def _reader_in_the_way(monkeypatch, times):
    """`Path.replace` as Windows has it while somebody reads the file."""
    monkeypatch.setattr(jobdir, "_WAIT", 0)
    real, left = Path.replace, [None] * times  # gone when the list is cleared

    def replace(self, target):
        if left:
            left.pop()
            raise PermissionError(13, "Access is denied")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    return left


def test_a_reader_that_holds_the_status_for_a_moment_is_waited_for(directory, monkeypatch):
    _reader_in_the_way(monkeypatch, times=5)
    directory.start()
    assert directory.status()["state"] == "running"


def test_a_status_that_is_held_for_good_is_an_output_error(directory, monkeypatch):
    _reader_in_the_way(monkeypatch, times=1000)
    for action in (directory.start, lambda: directory.record(protocol.cancelled())):
        with pytest.raises(OutputError, match="Access is denied"):
            action()
    assert not [name for name in os.listdir(directory.path) if name.endswith(".tmp")]


def test_a_status_that_is_held_while_frames_come_stops_no_job(directory, monkeypatch):
    directory.start()
    held = _reader_in_the_way(monkeypatch, times=1000)
    directory.record(_frame(1001, 1, 3))
    assert directory.status()["done"] == 0
    held.clear()
    directory.record(_frame(1002, 2, 3))
    assert directory.status()["done"] == 2
    assert sorted(os.listdir(directory.path)) == ["events.jsonl", "job.json", "status.json"]


def test_a_status_that_is_just_being_replaced_is_read_again(directory, monkeypatch):
    monkeypatch.setattr(jobdir, "_WAIT", 0)
    directory.start()
    real, refusals = Path.read_text, [None] * 3

    def read_text(self, *args, **options):
        if refusals:
            refusals.pop()
            raise PermissionError(13, "Access is denied")
        return real(self, *args, **options)

    monkeypatch.setattr(Path, "read_text", read_text)
    assert directory.status()["state"] == "running"


def test_a_folder_that_cannot_be_made_is_an_output_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="cannot be written"):
        JobDirectory.create(tmp_path / "file" / "job", JOB)


def test_a_folder_that_vanished_is_an_output_error(tmp_path):
    gone = JobDirectory(tmp_path / "gone")
    for action in (gone.start, gone.cancel, lambda: gone.record(protocol.log("x"))):
        with pytest.raises(OutputError, match="cannot be written: No such file"):
            action()


def test_a_folder_without_a_job_is_wrong_usage(tmp_path):
    with pytest.raises(UsageError, match=r"job\.json cannot be read"):
        JobDirectory(tmp_path).job()


@pytest.mark.parametrize("content", ["", "[]", '{"state": "bored"}', '{"state"'])
def test_a_status_that_somebody_else_wrote_is_refused(directory, content):
    (directory.path / "status.json").write_text(content)
    with pytest.raises(InputError, match="status"):
        directory.status()
