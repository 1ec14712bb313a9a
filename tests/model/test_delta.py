from dataclasses import replace

import numpy as np
import pytest
import torch

from dvm_core.bridge.errors import ModelError
from dvm_core.model import build, weight_file, weights
from dvm_core.model.correction import Correction, Corrections
from dvm_core.model.weight_file import Record

WHOLE = Record("lite", {"past": 1, "future": 1}, "trained here", "Apache-2.0")
MINE = Record("", {}, "finetuned", "the user's", training={"steps": 3})


@pytest.fixture(scope="module")
def state():
    torch.manual_seed(1)
    return build("lite", past=1, future=1).state_dict()


@pytest.fixture
def base(tmp_path, state, monkeypatch):
    """A base among the user's own models."""
    monkeypatch.setenv("DVM_MODELS", str(tmp_path / "models"))
    return weights.save(state, tmp_path / "models" / "mine.safetensors", WHOLE)


@pytest.fixture
def changes():
    torch.manual_seed(2)
    return {"head.alpha.weight": 1e-3 * torch.randn(3, 16, 3, 3).half(), "head.alpha.bias": 1e-3 * torch.randn(3)}


@pytest.fixture
def shot(tmp_path, base, changes):
    weights.save_delta(changes, tmp_path / "shots" / "sh010.safetensors", "mine", MINE)
    return tmp_path / "shots" / "sh010.safetensors"


def test_a_delta_is_its_base_with_differences_added(shot, changes):
    before, after = weights.load("mine").state_dict(), weights.load(shot).state_dict()
    for name, weight in before.items():
        assert torch.equal(after[name], weight + changes[name].float() if name in changes else weight)


def test_a_delta_is_small_and_says_what_it_is(shot, base, changes):
    assert shot.stat().st_size < 10_000
    record = weights.info(shot)
    assert record == replace(
        MINE,
        architecture="lite",
        numbers=WHOLE.numbers,
        base={"name": "mine", "sha256": base.sha256},
        sha256=record.sha256,
    )
    assert record.sha256 not in ("", base.sha256)


def test_a_delta_without_changes_is_its_base(tmp_path, base):
    weights.save_delta({}, tmp_path / "same.safetensors", "mine", MINE)
    before, after = weights.load("mine").state_dict(), weights.load(tmp_path / "same.safetensors").state_dict()
    assert all(torch.equal(weight, after[name]) for name, weight in before.items())


def test_a_delta_may_change_a_delta(tmp_path, shot, changes):
    weights.save_delta(changes, shot.with_name("again.safetensors"), shot, MINE)
    twice = weights.load(shot.with_name("again.safetensors")).state_dict()["head.alpha.bias"]
    torch.testing.assert_close(
        twice, weights.load("mine").state_dict()["head.alpha.bias"] + 2 * changes["head.alpha.bias"]
    )


def test_the_base_may_lie_beside_the_delta(tmp_path, shot, monkeypatch):
    (tmp_path / "models" / "mine.safetensors").rename(shot.with_name("mine.safetensors"))
    assert weights.load(shot) is not None


def test_another_base_is_refused(tmp_path, shot, state, base):
    other = {name: weight + 1 if name == "head.alpha.bias" else weight for name, weight in state.items()}
    present = weights.save(other, tmp_path / "models" / "mine.safetensors", WHOLE)
    with pytest.raises(ModelError) as caught:
        weights.load(shot)
    assert caught.value.exit_code == 5
    assert caught.value.message == (
        f"{shot} was finetuned from mine {base.sha256[:12]}, but mine is {present.sha256[:12]} here; "
        "finetune again from the present weights, or put the old ones beside it as mine.safetensors."
    )


def test_a_base_that_is_not_there_is_named(tmp_path, shot):
    (tmp_path / "models" / "mine.safetensors").unlink()
    with pytest.raises(
        ModelError, match=r"finetuned from mine [0-9a-f]{12}, but there is no mine here; finetune again"
    ):
        weights.load(shot)


@pytest.mark.parametrize("name", ["../mine", "/etc/mine", "a/b"])
def test_a_delta_leads_to_no_other_folder(tmp_path, shot, base, changes, name):
    record = replace(weights.info(shot), base={"name": name, "sha256": base.sha256})
    (tmp_path / "mine.safetensors").write_bytes((tmp_path / "models" / "mine.safetensors").read_bytes())
    weight_file.write(shot, changes, record)
    with pytest.raises(ModelError, match="but there is no"):
        weights.load(shot)


@pytest.mark.parametrize(
    "changed", [{"head.alpha.bias": torch.ones(4)}, {"extra": torch.ones(1)}], ids=["shape", "name"]
)
def test_a_delta_that_does_not_fit_its_base_is_refused(tmp_path, base, changed):
    weights.save_delta(changed, tmp_path / "odd.safetensors", "mine", MINE)
    with pytest.raises(ModelError, match=r"changes (head\.alpha\.bias|extra), which its base does not have so"):
        weights.load(tmp_path / "odd.safetensors")


@pytest.mark.parametrize("told", [["mine"], {"name": "mine"}, {"name": ["mine"], "sha256": ""}, "mine"])
def test_a_base_that_is_told_wrongly_is_damage(tmp_path, shot, changes, told):
    weight_file.write(shot, changes, replace(weights.info(shot), base=told if isinstance(told, dict) else {"": told}))
    with pytest.raises(ModelError, match="its base is not told"):
        weights.info(shot)


def test_differences_that_are_not_finite_are_not_written(tmp_path, base):
    with pytest.raises(ModelError, match="found NaN or infinity in head"):
        weights.save_delta({"head.alpha.bias": torch.full((3,), torch.inf)}, tmp_path / "x.safetensors", "mine", MINE)
    assert not (tmp_path / "x.safetensors").exists()


def test_finished_frames_stand_beside_the_differences_and_change_no_weight(tmp_path, base, changes):
    path = tmp_path / "shot.safetensors"
    plain = weights.save_delta(changes, path, "mine", MINE)
    before = weights.load(path).state_dict()
    corrected = weights.save_delta(changes, path, "mine", MINE, finished(1001, 1040))
    network = weights.load(path)
    assert all(torch.equal(weight, before[name]) for name, weight in network.state_dict().items())
    assert network.corrections.frames == (1001, 1040)
    assert corrected.sha256 != plain.sha256  # so that --resume tells their frames apart
    assert weights.load("mine").corrections.frames == ()


def test_a_delta_of_a_delta_holds_its_own_finished_frames_alone(tmp_path, base, changes):
    first, second = tmp_path / "first.safetensors", tmp_path / "second.safetensors"
    weights.save_delta(changes, first, "mine", MINE, finished(1001))
    weights.save_delta(changes, second, first, MINE, finished(1020))
    assert weights.load(second).corrections.frames == (1020,)
    weights.save_delta(changes, second, first, MINE)
    assert weights.load(second).corrections.frames == ()


def finished(*frames):
    half = np.full((20, 30), 0.5, np.float32)
    return Corrections([Correction(frame, half, half) for frame in frames])
