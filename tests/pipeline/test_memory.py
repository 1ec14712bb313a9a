import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from dvm_core.bridge.errors import DeviceError
from dvm_core.bridge.settings import Settings
from dvm_core.model import correction
from dvm_core.model.correction import HELD, NO_CORRECTIONS, Correction, Corrections
from dvm_core.pipeline import memory
from dvm_core.pipeline.device import Compute

CPU = Compute(torch.device("cpu"), "fp32")
HD, UHD, UHD2 = (1080, 1920), (2160, 3840), (4320, 8192)


def plan(network, size, frames=100, *, corrects=False, **settings):
    return memory.plan(network, size, frames, CPU, Settings(**settings), corrects=corrects)


def test_a_plan_stays_within_its_limit(network):
    found = plan(network, UHD, max_memory="6G")
    assert found.need <= found.limit == 6 << 30


def test_less_memory_means_smaller_tiles(network):
    roomy = plan(network, UHD, max_memory="64G")
    tight = plan(network, UHD, max_memory=f"{roomy.need // 2**20}M")
    assert tight.need < roomy.need
    assert tight.tile < roomy.tile or tight.queue < roomy.queue


def test_outputs_with_the_plates_colour_are_counted(network):
    need = {
        name: plan(network, UHD, max_memory="64G", **settings).need
        for name, settings in {"alpha": {}, "rgba": {"channels": "rgba"}, "fg": {"fg": "fg.####.exr"}}.items()
    }
    light = UHD[0] * UHD[1] * 3 * 4  # one frame's
    assert need["alpha"] + 3 * light < need["rgba"] < need["fg"] - 3 * light


def test_closed_form_says_beforehand_what_can_never_fit():
    with pytest.raises(DeviceError, match=r"needs about \d+ MB with closed-form, but only \d+ MB .* to 0\.7G"):
        memory.closed_form_plan((90, 160), Settings(max_memory="100M"))
    assert memory.closed_form_plan((90, 160), Settings(max_memory="0.7G")).need <= 0.7 * 2**30


def test_the_length_of_a_shot_does_not_count(network):
    assert plan(network, HD, 20, max_memory="8G").need == plan(network, HD, 2000, max_memory="8G").need


def test_one_8k_frame_at_full_size_fits_eight_gigabytes(network):
    assert plan(network, UHD2, frames=1, max_memory="8G", reduce=1).need <= 8 << 30


def test_a_large_plate_is_planned_at_the_size_that_the_network_knows(network):
    found = plan(network, UHD2, max_memory="64G")
    assert (found.divisor, plan(network, HD, max_memory="64G").divisor) == (8, 2)
    assert found.need < 0.3 * plan(network, UHD2, max_memory="64G", reduce=1).need
    assert "1/8 of the size" in str(found)


def test_a_divisor_that_was_asked_for_is_kept(network):
    assert plan(network, HD, max_memory="64G", reduce=2).divisor == 2


def test_what_cannot_fit_says_how_much_would(network):
    with pytest.raises(DeviceError, match=r"8192x4320 plate needs about \d+\.\d GB .* raise --max-memory"):
        plan(network, UHD2, max_memory="2G", reduce=1)


def test_a_tile_that_was_asked_for_is_kept(network):
    assert plan(network, HD, max_memory="16G", tile=512).tile == 512
    assert plan(network, HD, max_memory="16G", tile="off").tile == 0


@pytest.mark.parametrize(
    "error", [MemoryError(), torch.OutOfMemoryError("CUDA"), RuntimeError("[enforce] not enough memory: you tried")]
)
def test_running_out_of_memory_is_recognised(error):
    assert memory.is_out_of_memory(error)


def test_what_the_allocator_of_this_machine_says_is_recognised():
    with pytest.raises(RuntimeError) as refused:
        torch.empty(1 << 56)
    assert memory.is_out_of_memory(refused.value)


def test_other_errors_are_not_taken_for_it():
    assert not memory.is_out_of_memory(RuntimeError("shape mismatch"))


def test_finished_frames_are_counted(network, monkeypatch):
    monkeypatch.setattr(network, "side", None)  # at full size, where the network takes most
    plain = plan(network, UHD, max_memory="64G").need
    half = np.full((9, 16), 0.5, np.float32)
    given = Corrections([Correction(1, half, half)])
    monkeypatch.setattr(network, "corrections", given)
    assert plan(network, UHD, max_memory="64G").need == plain + HELD * UHD[0] * UHD[1]
    # Where the network passes in small tiles, correcting may be what takes most.
    monkeypatch.setattr(network, "footprint", replace(network.footprint, context=0.0, finish=0.0))
    with_nothing = plan(network, HD, max_memory="64G").need
    monkeypatch.setattr(network, "corrections", NO_CORRECTIONS)
    bare = plan(network, HD, max_memory="64G").need
    correcting = HELD * HD[0] * HD[1] + correction.memory(HD)
    assert with_nothing == bare + correcting
    assert plan(network, HD, max_memory="64G", corrects=True).need == with_nothing
    settings = Settings(max_memory="64G")
    assert (
        memory.closed_form_plan(HD, settings, corrects=True).need
        == memory.closed_form_plan(HD, settings).need + correcting
    )


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux tells a process's peak in /proc")
@pytest.mark.parametrize("size", [HD, UHD2])
def test_correcting_takes_no_more_memory_than_planned(size):
    script = f"""
import cv2, numpy as np
from dvm_core.model.correction import HELD, Correction, Corrections, memory
size = {size}
rng = np.random.default_rng(0)
done = cv2.resize(rng.random((size[0] // 8, size[1] // 8), np.float32), size[::-1]).clip(0, 1)
drawn = np.clip(done + np.float32(0.1), 0, 1)
unknown = np.ones(size, bool)
given = Corrections([Correction(1, drawn, done), Correction(20, drawn, done)])
def said(name):
    return int(open("/proc/self/status").read().split(name + ":")[1].split()[0]) * 1024
before = said("VmRSS")
given.applied(5, drawn, unknown)
grown = said("VmHWM") - before
planned = HELD * size[0] * size[1] + memory(size)
print(grown / planned)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 1.15
