"""Weight files: safetensors, which hold no code, with a record of what the weights are and where they come from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from dvm_core.bridge.errors import ModelError
from dvm_core.whole_file import whole_file

SCHEMA = "dvm-weights/1"
SUFFIX = ".safetensors"
_BASE = {"name": str, "sha256": str}


@dataclass(frozen=True)
class Record:
    """What a weight file says about its weights.

    Attributes:
        architecture: Name in the registry.
        numbers: The builder's arguments.
        source: Where the weights come from, for people.
        licence: Terms of use, an SPDX name where there is one.
        source_sha256: Of the checkpoint that they were imported from; empty where there was none.
        training: Training record; empty for imported weights.
        base: Of a delta (`model.delta`): `name` and `sha256` of the weights that it changes; empty for whole weights.
        sha256: Of names, types, shapes and values of the weights, and of the base; filled in by `write`, checked by
            `read`.
    """

    architecture: str
    numbers: dict[str, int]
    source: str
    licence: str
    source_sha256: str = ""
    training: dict[str, Any] = field(default_factory=dict)
    base: dict[str, str] = field(default_factory=dict)
    sha256: str = ""


def write(path: Path, weights: Mapping[str, Tensor], record: Record) -> str:
    """Write a weight file; it appears complete or not at all.

    Args:
        path: Final name; its folder is made, a file there is replaced.
        weights: State dict.
        record: Its `sha256` is computed here.

    Returns:
        The weights' sha256.

    Raises:
        ModelError: A weight is NaN or infinite.
        OutputError: The file cannot be written.
    """
    # safetensors refuses views and shared memory, which a state dict may hold.
    tensors = {name: weight.detach().cpu().contiguous() for name, weight in weights.items()}
    _check_finite(tensors, path)
    sha256 = _digest(tensors, record)
    with whole_file(path) as temporary:
        try:
            save_file(tensors, temporary, _to_metadata(record, sha256))
        except SafetensorError as error:
            raise OSError(str(error)) from error
    return sha256


def read_record(path: Path) -> Record:
    """Read only what a weight file says about itself; ModelError as in `read`."""
    return _read(path, with_weights=False)[0]


def read(path: Path) -> tuple[Record, dict[str, Tensor]]:
    """Read a weight file whole.

    Args:
        path: A file that `write` made.

    Returns:
        Its record, and its weights as stored, on the CPU.

    Raises:
        ModelError: It is missing, damaged, or was not written by `write`.
    """
    record, weights = _read(path, with_weights=True)
    if _digest(weights, record) != record.sha256:
        raise ModelError(
            f"The weights in {path} are damaged: their sha256 is not the recorded one; get the file again.", path=path
        )
    _check_finite(weights, path)
    return record, weights


def _read(path: Path, with_weights: bool) -> tuple[Record, dict[str, Tensor]]:
    if not path.is_file():
        raise ModelError(
            f"Expected a weight file, found none at {path}; `dvm models list` names the models there are.", path=path
        )
    try:
        with safe_open(path, framework="pt") as file:
            metadata: dict[str, str] = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()} if with_weights else {}  # noqa: SIM118
    except (OSError, SafetensorError, ValueError) as error:
        remedy = "get the file again; a .pth checkpoint goes through `dvm models import` first"
        raise ModelError(
            f"Expected weights as {SUFFIX}, found that {path} is not or is damaged ({error}); {remedy}.", path=path
        ) from error
    return _from_metadata(metadata, path), weights


def _to_metadata(record: Record, sha256: str) -> dict[str, str]:
    return {
        "schema": SCHEMA,
        "architecture": record.architecture,
        "numbers": json.dumps(record.numbers),
        "source": record.source,
        "licence": record.licence,
        "source_sha256": record.source_sha256,
        "training": json.dumps(record.training),
        "base": json.dumps(record.base),
        "sha256": sha256,
    }


def _from_metadata(metadata: Mapping[str, str], path: Path) -> Record:
    if metadata.get("schema") != SCHEMA:
        found = metadata.get("schema", "none")
        remedy = "use a file that `dvm models import` or `dvm train` wrote"
        raise ModelError(f"Expected weights of schema {SCHEMA} in {path}, found {found}; {remedy}.", path=path)
    try:
        numbers, training = json.loads(metadata["numbers"]), json.loads(metadata["training"])
        base = json.loads(metadata.get("base", "{}"))
        texts = {key: metadata[key] for key in ("architecture", "source", "licence", "source_sha256", "sha256")}
    except (KeyError, ValueError, RecursionError) as error:
        raise ModelError(f"The record in {path} is damaged ({error}); get the file again.", path=path) from error
    if not isinstance(numbers, dict) or not isinstance(training, dict):
        raise ModelError(
            f"The record in {path} is damaged (numbers and training are no objects); get the file again.", path=path
        )
    if not isinstance(base, dict) or (base and {name: type(text) for name, text in base.items()} != _BASE):
        raise ModelError(f"The record in {path} is damaged (its base is not told); get the file again.", path=path)
    return Record(numbers=numbers, training=training, base=base, **texts)


def _check_finite(weights: Mapping[str, Tensor], path: Path) -> None:
    for name, weight in weights.items():
        if weight.is_floating_point() and not bool(torch.isfinite(weight).all()):
            raise ModelError(f"Expected finite weights, found NaN or infinity in {name} of {path}.", path=path)


def _digest(weights: Mapping[str, Tensor], record: Record) -> str:
    digest = hashlib.sha256(record.base.get("sha256", "").encode())
    for name in sorted(weights):
        weight = weights[name]
        digest.update(f"{name} {weight.dtype} {tuple(weight.shape)}\n".encode())
        digest.update(weight.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
