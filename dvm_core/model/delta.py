"""Deltas: small weight files that hold only what finetuning changed, as differences from the weights it started from.

A delta names its base and the base's sha256, and goes with no other: the same differences on other weights would be
noise. Finished frames of the shot stand beside the differences (`correction`); a delta made from another holds its own
alone, since each speaks of what its own weights draw.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from dvm_core.bridge.errors import ModelError
from dvm_core.model import weight_file
from dvm_core.model.correction import PREFIX, Corrections
from dvm_core.model.weight_file import SUFFIX, Record


class Whole(NamedTuple):
    """A weight file, merged with its base if it is a delta."""

    record: Record
    weights: dict[str, Tensor]
    corrections: Corrections


def read_whole(path: Path, folders: Sequence[Path]) -> Whole:
    """Read a weight file; if it is a delta, with its base, and merged.

    Args:
        path: A file that `weight_file.write` made.
        folders: Where a base is looked for, after the delta's own folder.

    Returns:
        The file's record, all weights of its architecture, and the finished frames that it holds.

    Raises:
        ModelError: As `weight_file.read`; or the base is not here, or has another entry or shape; or a finished frame
            is not whole.
    """
    record, tensors = weight_file.read(path)
    weights = {name: tensor for name, tensor in tensors.items() if not name.startswith(PREFIX)}
    corrections = Corrections.of({name: tensors[name] for name in tensors.keys() - weights.keys()})
    if not record.base:
        return Whole(record, weights, corrections)
    base = read_whole(_base(path, record, folders), folders).weights
    for name, change in weights.items():
        if name not in base or base[name].shape != change.shape:
            raise ModelError(f"The delta {path} changes {name}, which its base does not have so; get the file again.")
    return Whole(record, merged(base, weights), corrections)


def merged(base: Mapping[str, Tensor], changes: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """All weights of a model: those that did not change, and the others in float32."""
    return {**base, **{name: base[name].float() + change.float() for name, change in changes.items()}}


def _base(path: Path, record: Record, folders: Sequence[Path]) -> Path:
    """The file that a delta was made from: of its name, and of its sha256."""
    name, sha256 = record.base["name"], record.base["sha256"]
    files = [folder / f"{name}{SUFFIX}" for folder in (path.parent, *folders)]
    there = [file for file in files if file.is_file() and Path(name).name == name]
    for file in there:
        if weight_file.read_record(file).sha256 == sha256:
            return file
    found = f"{name} is {weight_file.read_record(there[0]).sha256[:12]}" if there else f"there is no {name}"
    raise ModelError(
        f"{path} was finetuned from {name} {sha256[:12]}, but {found} here; "
        f"finetune again from the present weights, or put the old ones beside it as {name}{SUFFIX}.",
        path=path,
    )
