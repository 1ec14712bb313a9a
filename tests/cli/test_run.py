import json

import pytest

from dvm_core import pipeline
from dvm_core.bridge.job import MatteJob
from dvm_core.bridge.jobdir import JobDirectory
from dvm_core.bridge.settings import Settings


@pytest.fixture
def job(shot):
    return MatteJob(shot.plate, shot.trimap, shot.output, model="closed-form")


@pytest.fixture
def directory(shot, job):
    return JobDirectory.create(shot.folder / "job", job)


def _events(directory):
    return [json.loads(line) for line in (directory.path / "events.jsonl").read_text().splitlines()]


def test_a_job_file_is_run_and_its_relative_paths_count_from_it(dvm, shot):
    document = {
        "schema": "dvm-job/1",
        "plate": "plate.####.exr",
        "trimap": "trimap.####.png",
        "output": "alpha.####.exr",
        "model": "closed-form",
        "range": "1002-1003",
    }
    (shot.folder / "matte.json").write_text(json.dumps(document))
    ran = dvm("run", shot.folder / "matte.json")
    assert ran.code == 0, ran.err
    assert [frame for frame in shot.frames if shot.alpha(frame).exists()] == [1002, 1003]


def test_a_job_gives_what_the_same_options_give(dvm, shot, job, tmp_path):
    assert dvm(*shot.arguments, "--channels", "matte").code == 0
    typed = {frame: shot.alpha(frame).read_bytes() for frame in shot.frames}
    again = MatteJob(
        job.plate, job.trimap, job.output, model=job.model, settings=Settings(channels="matte", existing="overwrite")
    )
    JobDirectory.create(tmp_path / "job", again)
    assert dvm("run", tmp_path / "job").code == 0
    assert {frame: shot.alpha(frame).read_bytes() for frame in shot.frames} == typed


def test_a_job_directory_tells_all_that_happens(dvm, shot, directory):
    ran = dvm("run", directory.path)
    assert ran.code == 0, ran.err
    events = _events(directory)
    assert [event["event"] for event in events if event["event"] != "log"] == ["hello", "plan", *["frame"] * 4, "done"]
    assert [event["frame"] for event in events if event["event"] == "frame"] == list(shot.frames)
    status = directory.status()
    assert (status["state"], status["done"], status["total"], status["code"]) == ("done", 4, 4, 0)
    assert status["outputs"] == [str(shot.alpha(frame)) for frame in shot.frames]


def test_a_cancel_file_stops_the_job_with_130(dvm, shot, directory):
    directory.cancel()
    ran = dvm("run", directory.path)
    assert ran.code == 130
    assert _events(directory)[-1] == {"event": "cancelled"}
    assert (directory.status()["state"], directory.status()["code"]) == ("cancelled", 130)


def test_a_cancel_file_stops_the_job_within_a_frame(dvm, shot, make_shot, directory, monkeypatch):
    make_shot(shot.folder, frames=tuple(range(1001, 1013)))  # more than may wait to be written
    record = directory.record

    def cancel_after_the_first(self, event):
        record(event)
        if event["event"] == "frame":
            self.cancel()

    monkeypatch.setattr(JobDirectory, "record", cancel_after_the_first)
    ran = dvm("run", directory.path)
    assert ran.code == 130
    assert 1 <= len(list(shot.folder.glob("alpha.*"))) < 12


def test_a_failed_job_says_so_in_its_directory(dvm, shot, directory):
    (shot.folder / "trimap.1003.png").unlink()
    ran = dvm("run", directory.path)
    assert ran.code == 3
    status = directory.status()
    assert (status["state"], status["code"]) == ("failed", 3)
    assert "1003" in status["message"]
    assert _events(directory)[-1]["code"] == 3


@pytest.mark.parametrize("content", ["{", '{"schema": "dvm-job/2"}', '{"schema": "dvm-job/1"}'])
def test_a_job_directory_whose_job_is_not_valid_says_so_too(dvm, directory, content):
    (directory.path / "job.json").write_text(content)
    assert dvm("run", directory.path).code == 2
    assert (directory.status()["state"], directory.status()["code"]) == ("failed", 2)


def test_a_mistake_of_ours_ends_the_job_in_its_directory_too(dvm, directory, monkeypatch, tmp_path):
    def fail(job, **_):
        raise ZeroDivisionError

    monkeypatch.setattr(pipeline, "run_job", fail)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert dvm("run", directory.path).code == 1
    assert directory.status()["state"] == "failed"
    assert "dvm-report-" in directory.status()["message"]


def test_a_dry_run_touches_nothing(dvm, shot, directory):
    before = directory.status()
    ran = dvm("run", directory.path, "--dry-run")
    assert ran.code == 0, ran.err
    assert "4 frames (1001-1004)" in ran.err
    assert directory.status() == before
    assert not (directory.path / "events.jsonl").exists()
    assert not shot.alpha(1001).exists()


def test_a_job_that_is_not_there_is_code_2(dvm, tmp_path):
    ran = dvm("run", tmp_path / "nothing.json")
    assert ran.code == 2
    assert "nothing.json" in ran.err


def test_a_job_of_keyframes_writes_every_frame(dvm, shot):
    for frame in shot.frames[1:]:
        (shot.folder / f"trimap.{frame}.png").unlink()
    job = MatteJob(shot.plate, shot.trimap, shot.output, trimap_mode="keyframes", model="closed-form")
    directory = JobDirectory.create(shot.folder / "keys", job)
    ran = dvm("run", directory.path)
    assert ran.code == 0, ran.err
    assert all(shot.alpha(frame).exists() for frame in shot.frames)
