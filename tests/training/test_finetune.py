import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from dvm_core.bridge.errors import InputError
from dvm_core.model import cues
from dvm_core.model.colour_model import KnownColours
from dvm_core.model.lite import Lite
from dvm_core.training.crops import CELL, Crops, Example
from dvm_core.training.finetune import TRAINED, Tuning, finetune

QUICK = Tuning(steps=12, rounds=3, pixels=3 * 64 * 64, rate=1e-2, checks=6)


def finished_frame(number, size=(90, 130)):
    """A striped disc before a striped wall, its edge two pixels soft, moving to the right."""
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32)
    plates, trimaps, alphas = [], [], []
    for at in (number - 1, number, number + 1):
        distance = np.hypot(y - size[0] / 2, x - 55 - 3 * at)
        alpha = np.clip((30 - distance) / 4 + 0.5, 0, 1).astype(np.float32)
        front = np.stack([0.6 + 0.3 * np.sin(x), 0.4 + 0 * x, 0.2 + 0.1 * np.sin(y)], axis=2)
        behind = np.stack([0.3 + 0.2 * np.sin(y / 2), 0.5 + 0 * x, 0.5 + 0.2 * np.sin(x / 3)], axis=2)
        plates.append((alpha[..., None] * front + (1 - alpha[..., None]) * behind).astype(np.float32))
        trimaps.append(np.where(abs(distance - 30) < 9, 128, np.where(distance < 30, 255, 0)).astype(np.uint8))
        alphas.append(alpha)
    return Example(number, tuple(plates), tuple(trimaps), (None,) * 3, alphas[1])


@pytest.fixture(scope="module")
def examples():
    return [finished_frame(0), finished_frame(6)]


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(5)
    return Lite().eval()


@pytest.fixture(scope="module")
def tuned(network, examples):
    return finetune(network, examples, QUICK)


def test_what_was_held_out_gets_better(tuned):
    assert tuned.after < 0.5 * tuned.before
    assert 0 < tuned.kept <= tuned.steps == QUICK.steps


def test_only_a_few_weights_change_and_the_network_itself_does_not(tuned, network, examples):
    torch.manual_seed(5)
    fresh = Lite().state_dict()
    assert all(torch.equal(weight, fresh[name]) for name, weight in network.state_dict().items())
    assert tuned.changes
    assert all(name.startswith(TRAINED) and "running" not in name for name in tuned.changes)
    assert all(change.dtype == (torch.half if change.ndim > 1 else torch.float32) for change in tuned.changes.values())
    assert sum(change.nbytes for change in tuned.changes.values()) < 3_500_000


def test_equal_steps_and_seed_give_equal_weights_and_another_seed_others(tuned, network, examples):
    again = finetune(network, examples, QUICK)
    assert all(torch.equal(change, tuned.changes[name]) for name, change in again.changes.items())
    other = finetune(network, examples, replace(QUICK, seed=1, steps=2, rounds=1))
    assert any(not torch.equal(change, tuned.changes[name]) for name, change in other.changes.items())


def test_the_start_is_kept_where_training_only_harms(network, examples):
    harmed = finetune(network, examples, replace(QUICK, rate=30.0, steps=3, rounds=1))
    assert harmed.changes == {}
    assert harmed.after == harmed.before
    assert harmed.kept == 0


def test_minutes_end_a_run(network, examples):
    short = finetune(network, examples, replace(QUICK, steps=0, minutes=0.03, rounds=2))
    assert short.steps > 0
    assert short.minutes < 1


def test_no_pixel_is_both_trained_on_and_held_out():
    # Each unknown pixel gets a number of its own in place of its alpha, so that crops tell where they are from.
    examples = [finished_frame(at, (96, 128)) for at in (0, 6)]
    numbered = [
        replace(e, alpha=(np.arange(e.alpha.size, dtype=np.float32).reshape(e.alpha.shape) + at * 1e5) / 1e6)
        for at, e in enumerate(examples)
    ]
    crops = Crops(numbered, 1, held=0.3, seed=3)
    trained = [crops.batch(step, 40_000, window=True) for step in range(6)]
    unwidened = {float(v) for e in numbered for v in e.alpha[e.trimaps[1] == 128]}
    seen = {float(v) for batch in trained for v in batch["alpha"][batch["unknown"]]} & unwidened
    held = {float(v) for batch in crops.checks(99) for v in batch["alpha"][batch["unknown"]]}
    assert len(seen) > 1000
    assert len(held) > 300
    assert not seen & held


def test_crops_hold_the_window_its_input_and_the_middle_frames_alpha(examples):
    batch = Crops(examples, 1, held=0.2, seed=0).batch(0, 60_000, window=True)
    count, frames, channels, height, width = batch["frames"].shape
    assert (frames, channels) == (3, cues.CHANNELS)
    assert height == width == 96  # the largest that the padded frame holds
    assert batch["alpha"].shape == batch["unknown"].shape == (count, 1, 1, height, width)
    known = (batch["frames"][:, 1:2, 4:5] == 0) & ~batch["unknown"]
    torch.testing.assert_close(batch["alpha"][known], batch["frames"][:, 1:2, 3:4][known])
    alone = Crops(examples, 1, held=0.2, seed=0).batch(0, 60_000, window=False)
    assert alone["frames"].shape[1] == 1


def test_crops_see_what_the_keys_know(examples):
    """Cues of a frame that knows nothing of its own are of its keys' colours, in what is learnt and what is judged."""
    blind = replace(examples[0], trimaps=tuple(np.full_like(trimap, 128) for trimap in examples[0].trimaps))
    known = KnownColours.of(examples[0].plates[1], examples[0].trimaps[1])
    told = replace(blind, keys=(None, known, None))

    def cued(example):
        crops = Crops([example], 1, held=0.2, seed=0)
        return [crops.batch(0, 60_000, window=True)["frames"], crops.checks(1)[0]["frames"]]

    for without, with_keys in zip(cued(blind), cued(told), strict=True):
        differs = (without != with_keys).flatten(3).any(3)  # of which frames, in which channels
        assert differs[:, 1].any()
        assert not differs[:, [0, 2]].any()


def test_frames_with_next_to_no_unknown_pixels_are_refused(network):
    blank = finished_frame(3)
    trimap = np.zeros_like(blank.trimaps[1])
    trimap[5 : CELL - 5, 5 : CELL - 5] = 128
    blank = replace(blank, trimaps=(trimap,) * 3)
    with pytest.raises(InputError, match="finished frames 3 have too few unknown pixels"):
        finetune(network, [blank], QUICK)


def test_it_loads_where_there_is_torch_numpy_and_opencv_only():
    blocked = ("OpenImageIO", "safetensors", "pymatting", "typer", "rich", "fileseq", "psutil", "matplotlib")
    program = (
        f"import sys; sys.modules.update(dict.fromkeys({blocked!r})); "
        f"sys.path.insert(0, {str(Path(__file__).parents[2])!r}); import dvm_core.training.finetune"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr
