import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from dvm_core.bridge.errors import ModelError, OutputError
from dvm_core.model.weight_file import Record, read, read_record, write

WEIGHTS = {"b.count": torch.tensor(5), "a.weight": torch.arange(12.0).reshape(3, 4), "c.half": torch.ones(2).half()}
RECORD = Record("rn50", {"shift": 2}, "made here", "CC0-1.0", training={"steps": 10, "loss": [0.5, 0.25]})


@pytest.fixture
def path(tmp_path):
    write(tmp_path / "w.safetensors", WEIGHTS, RECORD)
    return tmp_path / "w.safetensors"


def test_weights_and_record_come_back_as_written(path):
    record, weights = read(path)
    assert (record.architecture, record.numbers, record.source) == ("rn50", {"shift": 2}, "made here")
    assert (record.licence, record.training) == ("CC0-1.0", RECORD.training)
    assert record == read_record(path)
    assert {name: weight.dtype for name, weight in weights.items()} == {n: w.dtype for n, w in WEIGHTS.items()}
    assert all(torch.equal(weights[name], WEIGHTS[name]) for name in WEIGHTS)


def test_other_programs_read_it(path):
    assert torch.equal(load_file(path)["a.weight"], WEIGHTS["a.weight"])


def test_the_sha256_depends_on_names_shapes_and_values_only(tmp_path):
    def digest(weights, source="x"):
        return write(tmp_path / "x.safetensors", weights, Record("rn50", {}, source, "none"))

    first = digest(WEIGHTS)
    assert digest(dict(reversed(WEIGHTS.items())), "y") == first
    assert digest(WEIGHTS | {"a.weight": WEIGHTS["a.weight"].t().contiguous().t()}) == first
    assert digest(WEIGHTS | {"a.weight": WEIGHTS["a.weight"].reshape(4, 3)}) != first
    assert digest(WEIGHTS | {"b.count": torch.tensor(6)}) != first


def test_a_truncated_file_is_named_wherever_it_ends(path):
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(ModelError, match=r"w\.safetensors") as caught:
            read(path)
        assert caught.value.exit_code == 5


def test_a_changed_byte_anywhere_is_noticed_or_harmless(path):
    _, original = read(path)
    whole = path.read_bytes()
    for position in np.random.default_rng(0).permutation(len(whole))[:200]:
        damaged = bytearray(whole)
        damaged[position] ^= 0xFF
        path.write_bytes(damaged)
        try:
            _, weights = read(path)
        except ModelError:
            continue
        assert all(torch.equal(weights[name], original[name]) for name in original)


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        (None, "Expected weights of schema dvm-weights/1"),
        ({"schema": "dvm-weights/9"}, "found dvm-weights/9"),
        ({"schema": "dvm-weights/1"}, "record in .* is damaged"),
        ({"numbers": "[" * 100000}, "record in .* is damaged"),
        ({"numbers": "[]"}, "no objects"),
        ({"training": "3"}, "no objects"),
        ({"sha256": "0" * 64}, "sha256 is not the recorded one"),
    ],
)
def test_a_file_with_another_record_is_refused(tmp_path, path, metadata, message):
    if metadata and "schema" not in metadata:
        size = int.from_bytes(path.read_bytes()[:8], "little")
        metadata = json.loads(path.read_bytes()[8 : 8 + size])["__metadata__"] | metadata
    save_file(WEIGHTS, tmp_path / "other.safetensors", metadata)
    with pytest.raises(ModelError, match=message):
        read(tmp_path / "other.safetensors")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_never_written(tmp_path, value):
    with pytest.raises(ModelError, match="found NaN or infinity in a"):
        write(tmp_path / "x.safetensors", {"a": torch.tensor([1.0, value])}, RECORD)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named_and_left_clean(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(OutputError, match=r"safetensors' cannot be written") as caught:
        write(tmp_path / "file" / "x.safetensors", WEIGHTS, RECORD)
    assert caught.value.exit_code == 6
    (tmp_path / "taken.safetensors").mkdir()
    with pytest.raises(OutputError, match=r"safetensors' cannot be written"):
        write(tmp_path / "taken.safetensors", WEIGHTS, RECORD)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["file", "taken.safetensors"]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ModelError, match=r"found none at .*x\.safetensors"):
        read(tmp_path / "x.safetensors")
