"""`dvm farm` and `dvm batch` as they are typed."""

import json

import pytest
import yaml


@pytest.fixture
def job(shot):
    path = shot.folder / "job.json"
    document = {
        "schema": "dvm-job/1",
        "plate": "plate.####.exr",
        "trimap": "trimap.####.png",
        "output": "alpha.####.exr",
        "model": "closed-form",
        "settings": {"device": "cpu", "threads": 1},
    }
    path.write_text(json.dumps(document))
    return path


@pytest.mark.parametrize(
    ("farm", "says"),
    [
        ("openjd", "openjd run"),
        ("deadline", "deadline bundle submit"),
        ("deadline10", "deadlinecommand -SubmitMultipleJobsV2"),
        ("opencue", "python "),
    ],
)
def test_each_farm_gets_its_files_and_the_command_that_submits_them(dvm, job, tmp_path, farm, says, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    ran = dvm("farm", farm, job, "-o", tmp_path / "out", "--chunk", 2)
    assert ran.code == 0, ran.err
    *files, command = ran.out.splitlines()
    assert command.startswith(says)
    assert sorted(files) == sorted(str(path) for path in (tmp_path / "out").iterdir())
    again = dvm("farm", farm, job, "-o", tmp_path / "out")
    assert (again.code, "--overwrite" in again.err) == (6, True)
    assert dvm("farm", farm, job, "-o", tmp_path / "out", "--overwrite").code == 0


def test_a_plan_that_cannot_work_is_refused_where_it_is_made(dvm, job, shot, tmp_path):
    (shot.folder / "trimap.1003.png").unlink()
    ran = dvm("farm", "openjd", job, "-o", tmp_path / "out")
    assert ran.code == 3
    assert "1003" in ran.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("farm", ["deadline10", "opencue"])
def test_time_per_chunk_is_refused_where_there_is_no_such_thing(dvm, job, tmp_path, farm):
    ran = dvm("farm", farm, job, "-o", tmp_path / "out", "--target-seconds", 60)
    assert (ran.code, "--chunk" in ran.err) == (2, True)


@pytest.mark.slow
def test_run_local_makes_what_one_process_makes(dvm, job, shot):
    assert dvm("run", job).code == 0
    whole = {frame: shot.alpha(frame).read_bytes() for frame in shot.frames}
    ran = dvm("farm", "run-local", job, "--workers", 2, "--overwrite", "--json", "--progress", "none")
    assert ran.code == 0, ran.err
    summary = json.loads(ran.out)
    assert (summary["state"], summary["frames"], len(summary["outputs"])) == ("done", 4, 4)
    assert {frame: shot.alpha(frame).read_bytes() for frame in shot.frames} == whole


def test_run_local_plans_without_working(dvm, job, shot):
    ran = dvm("farm", "run-local", job, "--workers", 2, "--dry-run")
    assert ran.code == 0, ran.err
    assert "4 frames (1001-1004) with closed-form" in ran.err
    assert not shot.alpha(1001).exists()


def test_ready_tells_a_machine_that_fits_from_one_that_does_not(dvm):
    import dvm_core

    version = f"--version={dvm_core.__version__}"
    assert dvm("farm", "ready", version, "--device=cpu").code == 0
    wrong = dvm("farm", "ready", "--version=0.0.7", "--device=cpu", "--progress=openjd")
    assert wrong.code == 2
    assert wrong.out.startswith("openjd_fail: This farm job was planned by dvm 0.0.7")
    other = dvm("farm", "ready", version, "--device=cpu", "--kernels=cpu-of-another-age")
    assert (other.code, "cpu-of-another-age" in other.err) == (4, True)


def test_check_writes_findings_and_a_sheet_and_says_what_is_wrong(dvm, job, shot):
    assert dvm("run", job).code == 0
    words = ["farm", "check", shot.plate, shot.output, "--trimap", shot.trimap, "-o", shot.folder / "qc"]
    good = dvm(*words, "--progress", "openjd")
    assert good.code == 0, good.err
    assert "openjd_progress: 100.0" in good.out
    shot.alpha(1002).unlink()
    bad = dvm(*words, "--progress", "openjd")
    assert bad.code == 3
    assert bad.out.splitlines()[-1].startswith("openjd_fail: 1 of 4 alphas are not as they should be; frame 1002")
    assert json.loads((shot.folder / "qc" / "check.json").read_text())["problems"][0]["frame"] == 1002


@pytest.fixture
def shots(shot):
    """A batch of which the second shot has no plate."""
    entry = {"plate": "plate.####.exr", "trimap": "trimap.####.png", "output": "one/a.####.exr", "model": "closed-form"}
    path = shot.folder / "shots.yaml"
    gone = {**entry, "name": "gone", "plate": "no.####.exr", "output": "gone/a.####.exr"}
    document = {"schema": "dvm-batch/1", "shots": [{**entry, "name": "one"}, gone]}
    path.write_text(yaml.safe_dump(document))
    return path


def test_a_batch_ends_in_one_summary_and_the_code_of_the_first_shot_that_failed(dvm, shots, shot):
    report = shot.folder / "reports" / "night.json"
    ran = dvm("batch", shots, "--workers", 1, "--json", "--progress", "none", "--report", report)
    assert ran.code == 3
    summary = json.loads(ran.out)
    states = [(entry["name"], entry["state"], entry["made"], entry["code"]) for entry in summary["shots"]]
    assert states == [("one", "done", 4, 0), ("gone", "failed", 0, 3)]
    assert (summary["state"], summary["code"]) == ("failed", 3)
    assert ran.err.splitlines()[-1].startswith("dvm: 1 of 2 shots are not done: gone")
    assert len(list((shot.folder / "one").glob("a.*.exr"))) == 4
    kept = json.loads(report.read_text())
    assert kept == {"schema": "dvm-batch-report/1", "version": kept["version"], **summary}
    text = report.with_suffix(".txt").read_text()
    assert ": failed" in text.splitlines()[0]
    assert "No frame of the plate" in text
    resumed = json.loads(dvm("batch", shots, "--workers", 1, "--json", "--progress", "none", "--resume").out)
    assert [(entry["made"], entry["kept"]) for entry in resumed["shots"]] == [(0, 4), (0, 0)]


def test_a_batch_that_cannot_even_begin_is_reported_too(dvm, shot):
    ran = dvm("batch", shot.folder / "gone.yaml", "--json", "--report", shot.folder / "r.json")
    assert ran.code == 2
    summary = json.loads(ran.out)
    assert (summary["state"], summary["code"], summary["shots"]) == ("failed", 2, [])
    assert summary["message"] in ran.err
    assert json.loads((shot.folder / "r.json").read_text())["message"] == summary["message"]
    blocked = dvm("batch", shot.folder / "gone.yaml", "--report", shot.folder / "plate.1001.exr" / "r.json")
    assert blocked.code == 6


def test_a_batch_prints_a_table_and_events_with_their_shot(dvm, shots):
    table = dvm("batch", shots, "--dry-run")
    states = dict(line.split()[:2] for line in table.out.splitlines() if line.split()[:1] in (["one"], ["gone"]))
    assert states == {"one": "planned", "gone": "failed"}
    events = dvm("batch", shots, "--dry-run", "--progress", "json", "--quiet")
    assert events.out == ""
    told = [json.loads(line) for line in dvm("batch", shots, "--dry-run", "--progress", "json").out.splitlines()[:2]]
    assert [(event["shot"], event["event"]) for event in told] == [("gone", "error"), ("one", "plan")]
