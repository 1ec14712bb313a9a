"""The bundle: read by the library that defines the format, and really run, faults included."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from openjd.model import (
    DocumentType,
    create_job,
    decode_job_template,
    document_string_to_object,
    preprocess_job_parameters,
)

from dvm_core.farm import openjd as view
from dvm_core.farm.documents import as_yaml
from dvm_core.farm.plan import Chunks, plan
from dvm_core.pipeline import run_job


@pytest.fixture
def bundle(clip):
    """Write the bundle of a job of the clip."""

    def make(chunk=4, name="bundle", of=None, **changes):
        folder = clip.folder / name
        view.write(plan((of or clip).job(**changes), Chunks(chunk)), folder, overwrite=True)
        return folder

    return make


def decoded(folder):
    """The job as a scheduler makes it, with the values that come with the bundle."""
    document = document_string_to_object(document=(folder / view.TEMPLATE).read_text(), document_type=DocumentType.YAML)
    template = decode_job_template(template=document, supported_extensions=["TASK_CHUNKING"])
    values = yaml.safe_load((folder / view.PARAMETERS).read_text())
    filled = preprocess_job_parameters(
        job_template=template, job_parameter_values=values, job_template_dir=folder, current_working_dir=folder
    )
    return create_job(job_template=template, job_parameter_values=filled)


def test_a_bundle_is_what_it_was(plain_plan, golden):
    for name, text in view.files(plain_plan(Chunks(4), settings={"fg": "/shots/fg/sh010.####.exr"})).items():
        golden(f"openjd/{name}", text)


def test_the_step_that_propagates_is_what_it_was(clip, plain_plan, golden):
    keyed = clip.paint_keys((1001, 1005, 1009))
    made = view.template(plain_plan(Chunks(4), settings={"trimap_channel": "Y"}, **keyed))
    golden("openjd/propagate.yaml", as_yaml(made["steps"][0]))


def test_a_scheduler_makes_a_job_of_it_with_no_more_than_it_brings(bundle):
    job = decoded(bundle())
    assert [step.name for step in job.steps] == ["Matte", "QC"]
    assert job.name == "dvm sh010"


def test_time_per_chunk_may_be_given_instead_of_frames(clip, tmp_path):
    view.write(plan(clip.job(), Chunks(2, seconds=600)), tmp_path / "timed")
    chunks = decoded(tmp_path / "timed").steps[0].parameterSpace.taskParameterDefinitions["Frames"].chunks
    assert int(chunks.targetRuntimeSeconds) == 600
    assert int(chunks.defaultTaskCount) == 2


def test_a_gpu_job_asks_for_gpu_and_memory(clip):
    template = view.template(plan(clip.job(settings={"device": "cuda"}), kernels="cuda-sm80"))
    amounts = {amount["name"]: amount["min"] for amount in template["steps"][0]["hostRequirements"]["amounts"]}
    assert amounts["amount.worker.gpu"] == 1
    assert amounts["amount.worker.gpu.memory"] == amounts["amount.worker.memory"] > 500
    assert template["jobEnvironments"][0]["variables"]["DVM_KERNELS"] == "cuda-sm80"


def test_a_colour_configuration_travels_as_a_path(plain_plan):
    made = plain_plan(Chunks(4))
    variables = {**made.pinned.environment, "OCIO": "/studio/config.ocio"}
    made = replace(made, pinned=replace(made.pinned, environment=variables))
    assert view.template(made)["jobEnvironments"][0]["variables"]["OCIO"] == "{{Param.OCIO}}"
    assert yaml.safe_load(view.files(made)[view.PARAMETERS])["OCIO"] == "/studio/config.ocio"


def test_it_runs_and_gives_the_pixels_of_one_process(shared_clip, bundle, openjd):
    folder = bundle(5, of=shared_clip, out="run")
    ran = openjd(folder)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert shared_clip.alphas("run") == shared_clip.alphas("whole")
    for line in ("Frames(CHUNK[INT]) = 1001-1005", "openjd_progress: 100.0", "openjd_status: frame 1009 (4/4)"):
        assert line in ran.stdout
    findings = json.loads((shared_clip.folder / "run" / "sh010_qc" / "check.json").read_text())
    assert (findings["frames"], findings["problems"]) == ("1001-1009", [])
    assert (shared_clip.folder / "run" / "sh010_qc" / "contact_sheet.png").stat().st_size > 10_000


@pytest.mark.slow
@pytest.mark.parametrize("chunk", [1, 4, 7, 9])
def test_pixels_do_not_depend_on_the_size_of_chunks(shared_clip, bundle, openjd, chunk):
    folder = bundle(chunk, of=shared_clip, out=f"by{chunk}")
    ran = openjd(folder)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert shared_clip.alphas(f"by{chunk}") == shared_clip.alphas("whole")


@pytest.mark.slow
def test_a_run_that_was_broken_off_is_resumed_bit_for_bit(shared_clip, bundle, openjd):
    folder = bundle(4, of=shared_clip, out="resumed")
    some = json.dumps([{"Frames": "1004-1006"}])
    assert openjd(folder, "--step", "Matte", "--tasks", some).returncode == 0
    assert list(shared_clip.alphas("resumed")) == [f"sh010.{frame}.exr" for frame in (1004, 1005, 1006)]
    before = shared_clip.alpha(1005, "resumed").stat().st_mtime_ns
    assert openjd(folder).returncode == 0
    assert shared_clip.alpha(1005, "resumed").stat().st_mtime_ns == before
    assert shared_clip.alphas("resumed") == shared_clip.alphas("whole")


@pytest.mark.slow
def test_a_bundle_takes_along_what_was_put_right(clip, bundle, openjd):
    given = clip.put_right((1002, 1008))
    run_job(clip.job("whole", **given))
    ran = openjd(bundle(4, out="apart", **given))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert clip.alphas("apart") == clip.alphas("whole")
    assert clip.alphas("whole") != {}


@pytest.mark.slow
def test_a_bundle_of_keyframes_propagates_them_and_gives_the_pixels_of_one_process(clip, bundle, openjd):
    keyed = clip.paint_keys((1001, 1005, 1009))
    run_job(clip.job("whole", **keyed))
    folder = bundle(4, out="apart", **keyed)
    assert [step.name for step in decoded(folder).steps] == ["Propagate", "Matte", "QC"]
    ran = openjd(folder)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert clip.alphas("apart") == clip.alphas("whole")
    for line in ("Frames(STRING) = 1001-1005", "openjd_status: frame 1005 (5/5)"):
        assert line in ran.stdout
    findings = json.loads((clip.folder / "apart" / "sh010_qc" / "check.json").read_text())
    assert (findings["frames"], findings["problems"]) == ("1001-1009", [])


@pytest.mark.slow
def test_a_damaged_key_fails_its_segment_in_a_sentence_and_nothing_is_matted(clip, bundle, openjd):
    folder = bundle(4, **clip.paint_keys((1001, 1009)))
    clip.key(1009).write_bytes(b"no picture")
    ran = openjd(folder)
    assert ran.returncode == 1
    assert "1009" in ran.stdout.split("openjd_fail: ")[1].splitlines()[0]
    assert "Running step 'Matte'" not in ran.stdout
    assert not clip.alphas()


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["missing", "damaged"])
def test_a_bad_plate_fails_its_chunk_in_a_sentence_and_keeps_what_was_finished(clip, bundle, openjd, fault):
    folder = bundle(3)
    if fault == "missing":
        clip.plate(1008).unlink()
    else:
        clip.plate(1008).write_bytes(clip.plate(1008).read_bytes()[:700])
    ran = openjd(folder)
    assert ran.returncode == 1
    assert "openjd_fail: " in ran.stdout
    assert "1008" in ran.stdout.split("openjd_fail: ")[1].splitlines()[0]
    assert "exited with code: 3" in ran.stdout
    assert "Traceback" not in ran.stdout + ran.stderr
    assert "Running step 'QC'" not in ran.stdout
    assert "sh010.1003.exr" in clip.alphas()


@pytest.mark.slow
def test_a_machine_with_other_kernels_or_another_version_is_given_no_frame(clip, bundle, openjd):
    folder = bundle()
    text = (folder / view.TEMPLATE).read_text()
    (folder / view.TEMPLATE).write_text(text.replace("--version=", "--version=9."))
    ran = openjd(folder)
    assert ran.returncode == 1
    assert "planned by dvm 9." in ran.stdout
    assert not clip.alphas()


@pytest.mark.slow
def test_a_bundle_runs_on_a_machine_that_has_the_files_elsewhere(clip, bundle, openjd, shared_clip, tmp_path):
    folder = bundle(9)
    elsewhere = tmp_path / "other machine"
    elsewhere.mkdir()
    for name in ("plates", "trimaps", "bundle"):
        shutil.move(clip.folder / name, elsewhere / name)
    rules = {
        "version": "pathmapping-1.0",
        "path_mapping_rules": [
            {
                "source_path_format": "POSIX",
                "source_path": str(clip.folder),
                "destination_path": str(elsewhere),
            }
        ],
    }
    (tmp_path / "rules.json").write_text(json.dumps(rules))
    ran = openjd(elsewhere / "bundle", "--path-mapping-rules", f"file://{tmp_path / 'rules.json'}")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    made = {path.name: path.read_bytes() for path in sorted((elsewhere / "mattes").glob("*.exr"))}
    assert made == shared_clip.alphas("whole")
    assert not clip.alphas()
    assert folder != elsewhere


@pytest.mark.slow
def test_a_cancelled_run_ends_within_a_frame_and_leaves_whole_files(clip, bundle, shared_clip):
    folder = bundle(9)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    words = ["run", str(folder / "template.yaml"), "-p", f"file://{folder / 'parameters.yaml'}"]
    with subprocess.Popen(
        [sys.executable, "-m", "openjd", *words], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        for line in process.stdout:
            if "openjd_progress" in line:
                process.send_signal(signal.SIGINT)
                break
        rest = process.stdout.read()
        assert process.wait(300) != 0
    deadline = time.monotonic() + 60
    while list((clip.folder / "mattes").glob(".*.part")) and time.monotonic() < deadline:
        time.sleep(0.1)
    made = clip.alphas()
    assert made
    assert made.items() <= shared_clip.alphas("whole").items()
    assert "Traceback" not in rest
