"""Planning leaves nothing to the machine that computes."""

from dataclasses import replace

import pytest

from dvm_core.bridge.errors import DeviceError, InputError, UsageError
from dvm_core.bridge.frames import parse_range
from dvm_core.farm.pins import pin, plain_range


def test_nothing_is_left_to_the_machine(clip):
    settings = pin(
        clip.job(settings={"device": "auto", "precision": "auto", "tile": "auto", "threads": 0})
    ).job.settings
    assert "auto" not in (settings.device, settings.precision, settings.tile)
    assert settings.threads > 0
    assert settings.max_memory
    assert pin(clip.job()).job.shot_range == "1001-1009"


def test_what_the_job_says_is_kept(clip):
    settings = pin(clip.job(settings={"threads": 3, "tile": 128, "max_memory": "5G"})).job.settings
    assert (settings.threads, settings.tile, settings.max_memory) == (3, 128, "5G")


def test_kernels_threads_and_colour_are_in_the_environment(clip, monkeypatch):
    monkeypatch.setenv("OCIO", "ocio://default")
    variables = pin(clip.job(settings={"threads": 2}), kernels="cpu-avx2").environment
    assert variables == {
        "OMP_NUM_THREADS": "2",
        "OCIO": "ocio://default",
        "DVM_KERNELS": "cpu-avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "ATEN_CPU_CAPABILITY": "avx2",
    }


def test_a_gpu_is_planned_for_on_a_machine_without_one(clip, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    pinned = pin(clip.job(settings={"device": "cuda:1"}))
    assert (pinned.job.settings.device, pinned.job.settings.precision) == ("cuda", "bf16")
    assert "DVM_KERNELS" not in pinned.environment
    assert "name them" in pinned.warnings[0]
    named = pin(clip.job(settings={"device": "cuda"}), kernels="cuda-sm80")
    assert named.environment["DVM_KERNELS"] == "cuda-sm80"
    assert not named.warnings


def test_kernels_of_another_device_are_refused(clip):
    with pytest.raises(UsageError, match="cuda-sm80"):
        pin(clip.job(), kernels="cuda-sm80")


def test_what_would_stop_the_job_stops_the_plan(clip):
    with pytest.raises(DeviceError, match="max-memory"):
        pin(clip.job(settings={"max_memory": "1M"}))
    clip.plate(1005).unlink()
    with pytest.raises(InputError, match="1005"):
        pin(clip.job(range="1001-1009"))


def test_closed_form_is_planned_without_kernels_of_ours(clip):
    pinned = pin(replace(clip.job(), model="closed-form"))
    assert pinned.kernels == "pymatting"
    assert "DVM_KERNELS" not in pinned.environment


def test_ranges_are_written_without_steps():
    frames = (1, 2, 3, 10, 12, 14, 20, 21)
    assert plain_range(frames) == "1-3,10,12,14,20-21"
    assert parse_range(plain_range(frames)) == frames
