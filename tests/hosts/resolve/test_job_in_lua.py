"""`dvm.job` and `dvm.jobdir` against the bridge that reads what they write."""

import json
import stat
import time
from dataclasses import replace
from pathlib import Path

import pytest

from dvm_core.bridge import protocol
from dvm_core.bridge.errors import InputError
from dvm_core.bridge.job import MatteJob
from dvm_core.bridge.jobdir import JobDirectory

VALUES = {
    "plate": '/plates/it\'s "one" \\ ü/p.####.exr',
    "trimap": " /keys/k.%04d.png ",
    "output": "/mattes/a.####.exr",
    "range": "1001-1010,1020",
    "keyframes": False,
    "corrected": "",
    "overwrite": False,
    "model": "lite",
    "device": "auto",
    "full_size": False,
    "colorspace": "",
}


def build(fusion, **changes):
    return fusion.require("job").build(fusion.lua.table_from({**VALUES, **changes}))


def made(fusion, tmp_path, **changes):
    """A run's folder with a job in it."""
    return fusion.require("jobdir").create(str(tmp_path / "jobs" / "tool"), build(fusion, **changes))


def test_the_engine_reads_the_job_that_lua_wrote(fusion, tmp_path):
    job = JobDirectory(made(fusion, tmp_path)).job()
    assert job == MatteJob(
        plate=VALUES["plate"],
        trimap="/keys/k.%04d.png",
        output="/mattes/a.####.exr",
        range="1001-1010,1020",
        settings=replace(MatteJob("a", "b", "c.exr").settings, existing="resume"),
    )


def test_every_choice_reaches_the_engine(fusion, tmp_path):
    changes = {"keyframes": True, "overwrite": True, "model": "closed-form", "device": "cpu", "colorspace": "ACEScg"}
    changes |= {"corrected": " /fixed/f.####.exr", "full_size": True}
    job = JobDirectory(made(fusion, tmp_path, **changes)).job()
    assert (job.trimap_mode, job.model) == ("keyframes", "closed-form")
    assert job.corrected == "/fixed/f.####.exr"
    assert (job.settings.existing, job.settings.device, job.settings.colorspace) == ("overwrite", "cpu", "ACEScg")
    assert job.settings.reduce == 1


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"plate": "  "}, "Plate Files is empty"),
        ({"trimap": ""}, "Trimap Files is empty"),
        ({"output": "/m/a.####.png"}, "must end in .exr"),
        ({"output": ""}, "found nothing"),
        ({"output": "/m/a.exr"}, "place for the frame number"),
        ({"range": "1\n2"}, "Range must be one line"),
        ({"corrected": "/f\n.exr"}, "Corrected Alphas must be one line"),
        ({"plate": b"/p/caf\xe9.####.exr"}, "UTF-8"),
    ],
)
def test_what_cannot_be_a_job_is_said_in_one_sentence(fusion, changes, says):
    job, sentence = build(fusion, **changes)
    assert job is None
    assert says in sentence


def test_the_output_follows_plate_and_tool(fusion):
    output = fusion.require("job").output
    template = fusion.require("controls").OUTPUT
    assert output(template, "/p/sh010.####.exr", "DVMatte1") == "/p/sh010_DVMatte1/sh010_alpha.####.exr"
    assert output(template, "/p/sh010.####.exr", "DVMatte1_1") != output(template, "/p/sh010.####.exr", "DVMatte1")
    assert output("/x/{other}.####.exr", "/p/a.exr", "T") == "/x/{other}.####.exr"
    assert output("{folder}/a.####.exr", "/100%1/p.####.exr", "T") == "/100%1/a.####.exr"


def test_a_run_is_closed_to_others_and_known_as_the_latest(fusion, tmp_path):
    jobdir = fusion.require("jobdir")
    folder = str(tmp_path / "jobs" / "tool")
    assert jobdir.latest(folder) is None
    first = made(fusion, tmp_path)
    assert jobdir.latest(folder) == first
    assert stat.S_IMODE((tmp_path / "jobs").stat().st_mode) == 0o700
    second = made(fusion, tmp_path)
    assert jobdir.latest(folder) == second != first


def test_a_latest_that_somebody_else_wrote_leads_nowhere(fusion, tmp_path):
    (tmp_path / "latest").write_text("../../etc")
    assert fusion.require("jobdir").latest(str(tmp_path)) is None


def test_a_folder_that_cannot_be_made_is_said(fusion, tmp_path):
    (tmp_path / "jobs").write_text("in the way")
    run, sentence = made(fusion, tmp_path)
    assert run is None
    assert "cannot be written" in sentence


def test_outputs_have_folders_of_their_own(fusion):
    folder = fusion.require("jobdir").folder
    assert folder("/cache", "/m/a.####.exr") == folder("/cache", "/m/a.####.exr")
    assert len({folder("/cache", f"/m/{name}.####.exr") for name in "abcdefghij"}) == 10


def test_every_state_that_the_engine_writes_is_told(fusion, tmp_path):
    jobdir = fusion.require("jobdir")
    run = made(fusion, tmp_path)

    def told():
        return jobdir.describe(jobdir.status(run))

    assert told() == "The engine is starting."
    engine = JobDirectory(run)
    engine.start()
    facts = dict.fromkeys(protocol.PLAN_FIELDS, "x")
    engine.record(protocol.plan([1, 2, 3], **facts))
    engine.record(protocol.frame(1, 0.1, "/m/a.0001.exr", index=1, total=3))
    assert told() == "Matting: 1 of 3 frames."
    engine.record(protocol.warning("The plate has a gap."))
    assert told() == "Matting: 1 of 3 frames. Warning: The plate has a gap."
    assert jobdir.is_busy(jobdir.status(run))
    jobdir.cancel(run)
    assert engine.is_cancelled()
    assert told() == "Cancelling."
    engine.record(protocol.cancelled())
    assert told() == "Cancelled; finished frames stay."
    assert not jobdir.is_busy(jobdir.status(run))
    engine.start()
    engine.record(protocol.done(3, 1.0, []))
    assert told() == "Done: 3 frames."
    for text in ("One.", "Two.", "Three."):
        engine.record(protocol.warning(text))
    assert told() == "Done: 3 frames. Warning: One. (and 2 more)"
    assert jobdir.describe(jobdir.status(None)).startswith("Not matted yet")


def test_an_error_of_the_engine_is_told_in_its_own_words(fusion, tmp_path):
    run = made(fusion, tmp_path)
    engine = JobDirectory(run)
    engine.start()
    engine.record(protocol.error(InputError("Frame 1002 of the plate is missing.", frame=1002)))
    jobdir = fusion.require("jobdir")
    assert jobdir.describe(jobdir.status(run)) == "Frame 1002 of the plate is missing."


@pytest.mark.parametrize("state", ["queued", "running"])
def test_an_engine_that_was_killed_is_known_by_its_exit_code(fusion, tmp_path, state):
    run = made(fusion, tmp_path)
    Path(run, "status.json").write_text(json.dumps({"state": state}))
    Path(run, "output.txt").write_text("Traceback ...\nNo module named dvm_core\n\n")
    Path(run, "exit").write_text("1\n")
    jobdir = fusion.require("jobdir")
    assert jobdir.describe(jobdir.status(run)) == "The engine stopped: No module named dvm_core"
    assert not jobdir.is_busy(jobdir.status(run))


def test_an_engine_that_never_came_up_is_not_waited_for_for_ever(fusion, tmp_path):
    old = tmp_path / f"{int(time.time()) - 3600}-1234"
    old.mkdir()
    jobdir = fusion.require("jobdir")
    assert "nothing came back" in jobdir.describe(jobdir.status(str(old)))


def test_a_damaged_status_reads_as_no_word_yet(fusion, tmp_path):
    run = made(fusion, tmp_path)
    for content in ("", "{", "[]", '{"state": 3}', "\xff"):
        Path(run, "status.json").write_text(content, encoding="latin-1")
        jobdir = fusion.require("jobdir")
        assert jobdir.status(run).state == "queued"


@pytest.mark.parametrize(("variable", "expected"), [("", "{home}/.cache/dvm/jobs"), ("/fast", "/fast/dvm/jobs")])
def test_jobs_stand_in_the_users_cache(fusion, home, monkeypatch, variable, expected):
    monkeypatch.setenv("XDG_CACHE_HOME", variable)
    assert fusion.require("jobdir").cache() == expected.format(home=home)
