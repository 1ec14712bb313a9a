import json

from dvm_core.bridge.job import MatteJob
from dvm_core.bridge.jobdir import JobDirectory
from dvm_core.cli.report import as_text


def test_a_report_tells_what_was_done_as_json_and_as_text(dvm, shot, tmp_path):
    file = tmp_path / "reports" / "sh010.json"
    assert dvm(*shot.arguments, "--range", "1001-1002").code == 0
    assert dvm(*shot.arguments, "--resume", "--report", file).code == 0
    document = json.loads(file.read_text())
    assert (document["schema"], document["state"], document["code"]) == ("dvm-report/1", "done", 0)
    assert document["frames"] == 2
    assert list(document["seconds_of"]) == ["1003", "1004"]
    assert document["plan"]["kept"] == "1001-1002"
    assert document["outputs"] == [str(shot.alpha(1003)), str(shot.alpha(1004))]
    text = file.with_suffix(".txt").read_text()
    assert "computed   1003-1004 (2 frames" in text
    assert "kept       1001-1002" in text
    assert "warnings   none" in text


def test_a_job_that_fails_is_reported_too(dvm, shot, tmp_path):
    (shot.folder / "trimap.1003.png").unlink()
    assert dvm(*shot.arguments, "--report", tmp_path / "r.json").code == 3
    document = json.loads((tmp_path / "r.json").read_text())
    assert (document["state"], document["code"]) == ("failed", 3)
    assert "1003" in document["message"]
    assert "1003" in (tmp_path / "r.txt").read_text()


def test_a_job_that_is_not_valid_is_reported_too(dvm, tmp_path):
    (tmp_path / "job.json").write_text("{}")
    assert dvm("run", tmp_path / "job.json", "--report", tmp_path / "r.json").code == 2
    assert json.loads((tmp_path / "r.json").read_text())["code"] == 2


def test_a_job_directory_holds_its_report(dvm, shot):
    job = MatteJob(shot.plate, shot.trimap, shot.output, range="1001", model="closed-form")
    directory = JobDirectory.create(shot.folder / "job", job)
    assert dvm("run", directory.path).code == 0
    assert json.loads((directory.path / "report.json").read_text())["state"] == "done"
    assert (directory.path / "report.txt").exists()


def test_a_report_that_cannot_be_written_is_said_before_the_work(dvm, shot, tmp_path):
    (tmp_path / "file").write_text("in the way")
    ran = dvm(*shot.arguments, "--report", tmp_path / "file" / "r.json")
    assert ran.code == 6
    assert "r.json' cannot be written (" in ran.err
    assert not shot.alpha(1001).exists()


def test_the_slowest_frames_and_every_warning_are_named():
    summary = {
        "state": "done",
        "seconds": 9.0,
        "outputs": ["/a.1.exr", "/a.5.exr"],
        "seconds_of": {1: 1.0, 2: 3.0, 3: 0.5, 4: 2.0, 5: 2.5},
        "warnings": ["Frame 3 changed."],
        "plan": None,
    }
    text = as_text(summary)
    assert "slowest    2 (3.0 s), 5 (2.5 s), 4 (2.0 s)" in text
    assert text.endswith("warnings   1\n  Frame 3 changed.\n")
