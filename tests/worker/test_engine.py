import os

import pytest
import torch

from dvm_core.bridge.errors import ModelError
from dvm_core.model import weights
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
