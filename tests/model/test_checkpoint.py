import os
import pickle

import pytest
import torch

from dvm_core.bridge.errors import ModelError
from dvm_core.model.checkpoint import file_sha256, read_state_dict

WEIGHTS = {"conv.weight": torch.arange(12.0).reshape(3, 4), "norm.num_batches_tracked": torch.tensor(5)}


class Hostile:
    """Pickles to a call of `os.mkdir`."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return os.mkdir, (str(self.target),)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize(
    "wrap",
    [
        lambda weights: weights,
        lambda weights: {f"module.{name}": weight for name, weight in weights.items()},
        lambda weights: {"state_dict": weights, "epoch": 3, "best": 0.1},
        lambda weights: {"state_dict": {f"module.{name}": weight for name, weight in weights.items()}},
    ],
    ids=["plain", "module", "nested", "nested-module"],
)
def test_every_published_form_gives_the_same_names_and_values(tmp_path, wrap, zipped):
    torch.save(wrap(WEIGHTS), tmp_path / "w.pth", _use_new_zipfile_serialization=zipped)
    state = read_state_dict(tmp_path / "w.pth")
    assert state.keys() == WEIGHTS.keys()
    assert all(torch.equal(state[name], WEIGHTS[name]) for name in WEIGHTS)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("nested", [True, False])
def test_code_in_a_checkpoint_is_refused_and_never_run(tmp_path, zipped, nested):
    proof = tmp_path / "executed"
    content = {"state_dict": WEIGHTS, "extra": Hostile(proof)} if nested else Hostile(proof)
    torch.save(content, tmp_path / "hostile.pth", _use_new_zipfile_serialization=zipped)
    with pytest.raises(ModelError, match="holds code, which is never run"):
        read_state_dict(tmp_path / "hostile.pth")
    assert not proof.exists()
    # The same file does run code where it is unpickled without care: the test can fail.
    torch.load(tmp_path / "hostile.pth", weights_only=False)
    assert proof.exists()


def test_a_bare_hostile_pickle_is_refused_and_never_run(tmp_path):
    proof = tmp_path / "executed"
    (tmp_path / "hostile.pth").write_bytes(pickle.dumps(Hostile(proof)))
    with pytest.raises(ModelError, match=r"found that .*hostile\.pth is not"):
        read_state_dict(tmp_path / "hostile.pth")
    assert not proof.exists()


@pytest.mark.parametrize("zipped", [True, False])
def test_a_truncated_checkpoint_is_named_wherever_it_ends(tmp_path, zipped):
    path = tmp_path / "whole.pth"
    torch.save(WEIGHTS, path, _use_new_zipfile_serialization=zipped)
    whole = path.read_bytes()
    for length in range(0, len(whole) - 1, max(len(whole) // 40, 1)):
        path.write_bytes(whole[:length])
        with pytest.raises(ModelError, match=r"whole\.pth"):
            read_state_dict(path)


@pytest.mark.parametrize("content", [b"", b"\x80\x02.", b"PK\x03\x04", b"not a checkpoint\n", bytes(1000)])
def test_bytes_that_are_no_checkpoint_are_refused(tmp_path, content):
    (tmp_path / "x.pth").write_bytes(content)
    with pytest.raises(ModelError, match=r"x\.pth"):
        read_state_dict(tmp_path / "x.pth")


@pytest.mark.parametrize(
    "content",
    [{}, [1, 2], {"state_dict": {}}, {"a": 1}, {3: torch.ones(1)}, {"a": torch.ones(2).to_sparse()}, torch.ones(3)],
)
def test_content_that_is_no_state_dict_is_refused(tmp_path, content):
    torch.save(content, tmp_path / "x.pth")
    with pytest.raises(ModelError, match="Expected a state dict"):
        read_state_dict(tmp_path / "x.pth")


def test_a_missing_checkpoint_is_named(tmp_path):
    with pytest.raises(ModelError, match=r"found none at .*nowhere\.pth") as caught:
        read_state_dict(tmp_path / "nowhere.pth")
    assert caught.value.exit_code == 5


def test_the_sha256_is_that_of_the_bytes(tmp_path):
    (tmp_path / "x").write_bytes(b"abc")
    assert file_sha256(tmp_path / "x") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
