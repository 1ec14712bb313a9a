import os
from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import pytest
import torch

from dvm_core.bridge.errors import ModelError
from dvm_core.bridge.job import MatteJob
from dvm_core.model import weights
from dvm_core.pipeline import run_job
from dvm_core.worker.engine import Engine, LoadedModel


@pytest.fixture
def model_file(tmp_path):
    path = tmp_path / "mine.safetensors"
    path.write_bytes((weights.SHIPPED / "lite.safetensors").read_bytes())
    return path


def test_weights_stay_loaded_between_jobs(model_file):
    models = LoadedModel()
    first = models.load(str(model_file))
    assert models.load(str(model_file)) is first
    assert models.load("closed-form") is not first
    assert models.load(str(model_file)) is not first


def test_weights_that_changed_are_read_again(model_file):
    models = LoadedModel()
    first = models.load(str(model_file))
    os.utime(model_file, ns=(1, 1))
    assert models.load(str(model_file)) is not first


def test_a_model_that_is_not_there_is_told_and_another_one_still_loads(model_file):
    models = LoadedModel()
    for name in ("nonsense", str(model_file) + ".gone"):
        with pytest.raises(ModelError):
            models.load(name)
    assert models.load(str(model_file)) is not None


def _write(path, pixels, kind):
    spec = oiio.ImageSpec(pixels.shape[1], pixels.shape[0], pixels.shape[2], kind)
    output = oiio.ImageOutput.create(str(path))
    assert output.open(str(path), spec)
    assert output.write_image(pixels)
    output.close()


def test_a_model_that_stayed_loaded_gives_what_a_fresh_one_gives(tmp_path):
    noise = np.random.default_rng(2)
    trimap = np.full((48, 64, 1), 128, np.uint8)
    trimap[:, :20], trimap[:, 44:] = 0, 255
    for frame in (1, 2, 3):
        _write(tmp_path / f"plate.{frame:04d}.exr", noise.random((48, 64, 3), dtype=np.float32), "half")
        _write(tmp_path / f"trimap.{frame:04d}.png", trimap, "uint8")
    folders = ("fresh", "first", "again")
    fresh, first, again = (
        MatteJob(f"{tmp_path}/plate.####.exr", f"{tmp_path}/trimap.####.png", f"{tmp_path}/{folder}/alpha.####.exr")
        for folder in folders
    )
    run_job(fresh)
    engine, events = Engine(), []
    for job in (first, again):
        engine.run(job.to_dict(), emit=events.append, cancelled=lambda: False)
    assert [event["event"] for event in events].count("done") == 2
    for frame in (1, 2, 3):
        alphas = {Path(f"{tmp_path}/{folder}/alpha.{frame:04d}.exr").read_bytes() for folder in folders}
        assert len(alphas) == 1


def test_a_job_leaves_no_threads_setting_behind(monkeypatch):
    seen = []

    def run_job(job, **_):
        seen.append(torch.get_num_threads())
        torch.set_num_threads(before + 1)

    before = torch.get_num_threads()
    monkeypatch.setattr("dvm_core.worker.engine.run_job", run_job)
    engine = Engine()
    job = {"schema": "dvm-job/1", "plate": "/p.####.exr", "trimap": "/t.####.png", "output": "/a.####.exr"}
    try:
        for _ in range(2):
            engine.run(job, emit=lambda event: None, cancelled=lambda: False)
    finally:
        torch.set_num_threads(before)
    assert seen == [before, before]


def test_a_mistake_of_ours_ends_the_job_with_a_report(monkeypatch, tmp_path):
    def fail(job, **_):
        raise ZeroDivisionError

    monkeypatch.setattr("dvm_core.worker.engine.run_job", fail)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    events = []
    job = {"schema": "dvm-job/1", "plate": "/p.####.exr", "trimap": "/t.####.png", "output": "/a.####.exr"}
    Engine().run(job, emit=events.append, cancelled=lambda: False)
    assert [event["event"] for event in events] == ["error"]
    assert events[0]["code"] == 1
    assert "dvm-report-" in events[0]["message"]
