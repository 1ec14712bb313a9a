import sys
from pathlib import Path

import pytest
import torch

from dvm_core.bridge.errors import DeviceError, ModelError
from dvm_core.model import build, weights
from dvm_core.model.weight_file import Record, write


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The user's folder of models, empty."""
    monkeypatch.setenv("DVM_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


def bring_in(checkpoint, out):
    return weights.import_checkpoint(checkpoint, out, source="test", licence="CC0-1.0")


def test_an_imported_network_is_found_by_name_in_the_users_folder(folder, narrow_checkpoint, narrow):
    record = bring_in(narrow_checkpoint, folder / "rn50.safetensors")
    assert record.numbers == {"shift": 2, "width": 8}
    assert weights.info("rn50") == record
    loaded = weights.load("rn50")
    assert not loaded.training
    expected = narrow.state_dict()
    assert all(torch.equal(value, expected[name]) for name, value in loaded.state_dict().items())


def test_rn50_without_an_imported_file_says_how_to_import(folder):
    with pytest.raises(
        ModelError, match=r"rn50 comes without weights: .*`dvm models import FILE.pth -o .*rn50"
    ) as caught:
        weights.load("rn50")
    assert str(folder) in caught.value.message


def test_the_list_holds_what_can_be_loaded(folder, narrow_checkpoint):
    before = weights.available()
    assert "closed-form" in before
    assert "rn50" not in before
    bring_in(narrow_checkpoint, folder / "rn50.safetensors")
    assert weights.available() == [*before, "rn50"]
    assert all(weights.info(name).architecture for name in weights.available())


def test_an_unknown_name_is_answered_with_the_known_ones(folder):
    with pytest.raises(ModelError, match=r"Expected a weight file or a model named closed-form.*; found 'rn51'"):
        weights.load("rn51")


def test_a_missing_file_is_named(folder):
    with pytest.raises(ModelError, match=r"found none at nowhere[/\\]x.safetensors"):
        weights.load(Path("nowhere/x.safetensors"))


def test_a_checkpoint_must_be_imported_before_it_is_loaded(narrow_checkpoint):
    with pytest.raises(ModelError, match=r"a \.pth checkpoint goes through `dvm models import` first"):
        weights.load(narrow_checkpoint)


def test_the_checkpoint_of_another_network_is_refused(tmp_path):
    torch.save({"conv.weight": torch.ones(2, 2)}, tmp_path / "other.pth")
    with pytest.raises(ModelError, match=r"Expected the weights of rn50 in .*other\.pth, found those of another"):
        bring_in(tmp_path / "other.pth", tmp_path / "out.safetensors")
    assert not (tmp_path / "out.safetensors").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: state.pop("refine_head.bias"), r"1 entries differ, first refine_head.bias, .* found none"),
        (lambda state: state.update(extra=torch.ones(1)), r"first extra, expected none, found \(1,\)"),
        (lambda state: state.update({"refine_head.bias": torch.ones(2)}), r"expected \(1,\), found \(2,\)"),
        (lambda state: state.update({"fusion.fuse0.conv.weight": torch.ones(8, 1 << 16, 1, 1)}), "from 0 to 4096"),
        (lambda state: state.update({"fusion.fuse0.conv.weight": torch.ones(8)}), "found those of another network"),
        (lambda state: state.update({"refine_head.bias": torch.tensor([torch.nan])}), "found NaN or infinity"),
    ],
    ids=["missing", "extra", "shape", "huge", "flat", "nan"],
)
def test_a_checkpoint_that_does_not_fit_is_refused_by_its_first_difference(tmp_path, narrow, change, message):
    state = dict(narrow.state_dict())
    change(state)
    torch.save(state, tmp_path / "changed.pth")
    with pytest.raises(ModelError, match=message):
        bring_in(tmp_path / "changed.pth", tmp_path / "out.safetensors")
    assert not (tmp_path / "out.safetensors").exists()


def test_a_file_whose_numbers_do_not_fit_its_weights_is_refused(tmp_path, narrow):
    record = Record("rn50", {"shift": 1, "width": 8}, "test", "CC0-1.0")
    write(tmp_path / "x.safetensors", narrow.state_dict(), record)
    with pytest.raises(ModelError, match=r"entries differ, first fusion\.attn0"):
        weights.load(tmp_path / "x.safetensors")


def test_trained_weights_are_halves_on_disk_and_floats_in_memory(tmp_path):
    torch.manual_seed(1)
    network = build("lite", past=1, future=1).eval()
    record = weights.save(
        network.state_dict(),
        tmp_path / "mine.safetensors",
        Record("lite", {"past": 1, "future": 1}, "trained here", "Apache-2.0", training={"steps": 3}),
    )
    assert weights.info(tmp_path / "mine.safetensors") == record
    size = sum(2 * weight.numel() for weight in network.state_dict().values())
    assert (tmp_path / "mine.safetensors").stat().st_size < size + 100_000
    loaded = weights.load(tmp_path / "mine.safetensors")
    assert not any(value.is_meta for value in [*loaded.parameters(), *loaded.buffers()])
    for name, value in loaded.state_dict().items():
        expected = network.state_dict()[name]
        assert value.dtype == expected.dtype
        torch.testing.assert_close(value, expected, rtol=1e-3, atol=1e-6)


def test_closed_form_needs_no_file(folder):
    assert weights.load("closed-form").architecture == "closed-form"
    assert weights.info("closed-form").licence == "MIT"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(DeviceError, match="cuda:3 was asked for, but this machine has 0 CUDA devices"):
        weights.load("closed-form", device="cuda:3")


@pytest.mark.parametrize(
    ("platform", "variable", "folder"),
    [
        ("linux", "XDG_DATA_HOME", "dvm/models"),
        ("win32", "LOCALAPPDATA", "dvm/models"),
        ("darwin", "HOME", "Library/Application Support/dvm/models"),
    ],
)
def test_the_users_folder_is_where_the_system_keeps_such_data(monkeypatch, tmp_path, platform, variable, folder):
    monkeypatch.delenv("DVM_MODELS", raising=False)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setenv(variable, str(tmp_path))
    assert weights.user_folder() == tmp_path / folder
