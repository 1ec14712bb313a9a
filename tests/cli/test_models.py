import json
import pickle

import pytest
import torch

from dvm_core.model import registry, weights

TOLD = ("--source", "x", "--licence", "y")


class _Hostile:
    def __reduce__(self):
        return (print, ("code from a weight file ran",))


def test_models_that_need_no_weights_are_listed(dvm):
    ran = dvm("models", "list")
    assert ran.code == 0, ran.err
    assert any(line.split()[:2] == ["closed-form", "closed-form"] for line in ran.out.splitlines())


def test_the_list_and_the_facts_are_those_of_the_registry(dvm):
    listed = json.loads(dvm("models", "list", "--json").out)
    assert list(listed) == weights.available()
    for name in listed:
        assert listed[name] == json.loads(dvm("models", "info", name, "--json").out)


def test_facts_are_printed_for_people(dvm):
    out = dvm("models", "info", "closed-form").out
    assert any(line.split() == ["licence", "MIT"] for line in out.splitlines())


def test_a_model_that_nobody_knows_is_code_5(dvm):
    ran = dvm("models", "info", "nobody")
    assert ran.code == 5
    assert "'nobody'" in ran.err


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", pickle.dumps({"state_dict": _Hostile()})])
def test_a_file_that_is_no_checkpoint_is_code_5_and_runs_nothing(dvm, tmp_path, content):
    (tmp_path / "w.pth").write_bytes(content)
    ran = dvm(
        "models", "import", tmp_path / "w.pth", "-o", tmp_path / "w.safetensors", "--source", "x", "--licence", "y"
    )
    assert ran.code == 5
    assert "code from a weight file ran" not in ran.out
    assert not (tmp_path / "w.safetensors").exists()


def test_weights_of_another_network_are_code_5(dvm, tmp_path):
    torch.save({"conv.weight": torch.zeros(3, 3, 1, 1)}, tmp_path / "w.pth")
    ran = dvm(
        "models", "import", tmp_path / "w.pth", "-o", tmp_path / "w.safetensors", "--source", "x", "--licence", "y"
    )
    assert ran.code == 5
    assert "another network" in ran.err


def test_weights_are_written_as_safetensors_alone(dvm, tmp_path):
    ran = dvm("models", "import", tmp_path / "w.pth", "-o", tmp_path / "w.pth2", *TOLD)
    assert ran.code == 2


@pytest.mark.parametrize(
    ("told", "expected"),
    [((), ("w.pth", "not stated")), (("--source", "a page", "--licence", "MIT"), ("a page", "MIT"))],
)
def test_a_published_checkpoint_is_imported_with_what_is_told_of_it(dvm, tmp_path, told, expected):
    network = registry.build("rn50", width=8)
    torch.save({"state_dict": network.state_dict()}, tmp_path / "w.pth")
    ran = dvm("models", "import", tmp_path / "w.pth", "-o", tmp_path / "w.safetensors", *told)
    assert ran.code == 0, ran.err
    facts = json.loads(dvm("models", "info", tmp_path / "w.safetensors", "--json").out)
    assert (facts["source"], facts["licence"]) == expected
    assert facts["architecture"] == "rn50"
    assert facts["sha256"] in ran.out


@pytest.mark.parametrize("content", [b"", b"half a download", None])
def test_a_damaged_file_has_a_row_that_says_so(dvm, tmp_path, monkeypatch, content):
    monkeypatch.setenv("DVM_MODELS", str(tmp_path))
    shipped = (weights.SHIPPED / "lite.safetensors").read_bytes()
    (tmp_path / "mine.safetensors").write_bytes(shipped[: len(shipped) // 2] if content is None else content)
    ran = dvm("models", "list")
    assert ran.code == 0, ran.err
    assert any(line.split()[:2] == ["mine", "unusable"] for line in ran.out.splitlines())
    listed = json.loads(dvm("models", "list", "--json").out)
    assert str(tmp_path / "mine.safetensors") in listed["mine"]["problem"]
    assert listed["lite"]["architecture"] == "lite"


@pytest.mark.filterwarnings("ignore:.torch.jit.load. is deprecated:DeprecationWarning")
def test_a_network_is_exported_as_torchscript(dvm, tmp_path):
    ran = dvm("models", "export", "lite", "-o", tmp_path / "lite.pt")
    assert ran.code == 0, ran.err
    assert ran.out.split() == [str(tmp_path / "lite.pt")]
    network = weights.load("lite")
    exported = torch.jit.load(tmp_path / "lite.pt").state_dict()
    expected = network.state_dict()
    assert {name.removeprefix("network.") for name in exported} == set(expected)
    assert all(torch.equal(exported[f"network.{name}"], value) for name, value in expected.items())


def test_what_has_no_weights_is_not_exported(dvm, tmp_path):
    ran = dvm("models", "export", "closed-form", "-o", tmp_path / "c.pt")
    assert ran.code == 5
    assert "closed-form, which has no weights" in ran.err
    assert not list(tmp_path.iterdir())
