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
        settings=dvm_core.Settings(tile=512),
    )
    assert jobs == [expected]


def test_a_misspelt_option_is_refused(jobs):
    with pytest.raises(dvm_core.UsageError, match="no field 'tiles'"):
        dvm_core.matte("p.#.exr", trimap="t.#.png", output="a.#.exr", tiles=3)
    assert jobs == []
