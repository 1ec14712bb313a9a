"""`dvm_core.matte` makes the job that it says it makes; what the job does is the pipeline's business."""

import pytest

import dvm_core
from dvm_core import api


@pytest.fixture
def jobs(monkeypatch):
    """Jobs that reach the pipeline, in place of running them."""
    seen = []
    monkeypatch.setattr(api, "run_job", lambda job, **_: seen.append(job))
    return seen


def test_names_and_options_reach_the_job_and_paths_count_from_here(jobs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    dvm_core.matte(
        "plate.####.exr",
        trimap="../keys.####.png",
        output=tmp_path / "alpha.####.exr",
        range="1001-1100",
        propagate=True,
        model="closed-form",
        shot_range="1001-1200",
        corrected="fixed.####.exr",
        tile=512,
    )
    expected = dvm_core.MatteJob(
        plate=str(tmp_path / "plate.####.exr"),
        trimap=str(tmp_path.parent / "keys.####.png"),
        output=str(tmp_path / "alpha.####.exr"),
        range="1001-1100",
        shot_range="1001-1200",
        trimap_mode="keyframes",
        model="closed-form",
        corrected=str(tmp_path / "fixed.####.exr"),
        settings=dvm_core.Settings(tile=512),
    )
    assert jobs == [expected]


def test_a_misspelt_option_is_refused(jobs):
    with pytest.raises(dvm_core.UsageError, match="no field 'tiles'"):
        dvm_core.matte("p.#.exr", trimap="t.#.png", output="a.#.exr", tiles=3)
    assert jobs == []


def test_a_resolver_is_asked_for_each_file_before_anything_is_checked(jobs):
    asked = {}

    def resolver(reference, role):
        asked[role] = reference
        return reference.replace("asset:", "/show/") + {"plate": ".####.exr", "trimap": ".####.png"}.get(role, "")

    dvm_core.matte(
        "asset:sh010/plate",
        trimap="asset:sh010/keys",
        output="asset:sh010/alpha.####.exr",
        fg="asset:sh010/fg.####.exr",
        model="asset:lite.safetensors",
        corrected="asset:sh010/fixed.####.exr",
        resolver=resolver,
    )
    (job,) = jobs
    assert (job.plate, job.trimap) == ("/show/sh010/plate.####.exr", "/show/sh010/keys.####.png")
    assert (job.output, job.settings.fg) == ("/show/sh010/alpha.####.exr", "/show/sh010/fg.####.exr")
    assert (job.model, job.corrected) == ("/show/lite.safetensors", "/show/sh010/fixed.####.exr")
    assert set(asked) == {"plate", "trimap", "output", "fg", "model", "corrected"}


def test_the_name_of_a_model_is_no_reference(jobs):
    dvm_core.matte("p.#.exr", trimap="t.#.png", output="a.#.exr", resolver=lambda reference, role: role + reference)
    assert jobs[0].model == "lite"


def test_a_plan_is_a_job_that_only_says_what_it_would_do(monkeypatch):
    seen = []
    monkeypatch.setattr(api, "run_job", lambda job, **arguments: seen.append(arguments))
    dvm_core.plan("p.#.exr", trimap="t.#.png", output="a.#.exr", range="1-5")
    assert seen[0]["dry_run"] is True
