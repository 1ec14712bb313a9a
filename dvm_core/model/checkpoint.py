"""Published checkpoints: the state dict inside a `.pth`, read without running any code that it may carry."""

from __future__ import annotations

import hashlib
import pickle
import struct
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from dvm_core.bridge.errors import ModelError

_MALFORMED = (
    pickle.UnpicklingError,
    RuntimeError,
    OSError,
    EOFError,
    ArithmeticError,
    AttributeError,
    AssertionError,
    LookupError,
    MemoryError,
    NameError,
    TypeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
)
"""What `torch.load` raises on bytes that are no checkpoint: its unpickler's stack machine meets them unchecked."""


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """Read the weights of a checkpoint.

    Args:
        path: A `.pth`: a state dict, perhaps nested under `state_dict`, its names perhaps behind `module.`.

    Returns:
        Names without `module.`, tensors on the CPU (mapped from the file where its format allows).

    Raises:
        ModelError: The file is missing, damaged, holds anything but tensors and numbers, or no state dict.
    """
    if not path.is_file():
        raise ModelError(f"Expected a checkpoint, found none at {path}.", path=path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about odd pickles, which end in one sentence here
            # Only the zip format can be mapped; a mapped file is never in memory twice.
            loaded = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except _MALFORMED as error:
        reason = "it is truncated, is no PyTorch checkpoint, or holds code, which is never run"
        raise ModelError(
            f"Expected a checkpoint of tensors alone, found that {path} is not: {reason}.", path=path
        ) from error
    nested = loaded.get("state_dict", loaded) if isinstance(loaded, Mapping) else None
    if not isinstance(nested, Mapping) or not nested or not all(map(_is_weight, nested.items())):
        raise ModelError(
            f"Expected a state dict (names and tensors) in {path}, alone or under 'state_dict', found none.", path=path
        )
    weights = cast(Mapping[str, Tensor], nested)
    return {name.removeprefix("module."): weight.detach() for name, weight in weights.items()}


def file_sha256(path: Path) -> str:
    """The sha256 of a file's bytes."""
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _is_weight(entry: tuple[object, object]) -> bool:
    name, weight = entry
    if not isinstance(name, str) or not isinstance(weight, Tensor) or weight.layout != torch.strided:
        return False
    return weight.device.type == "cpu" and (weight.is_floating_point() or weight.dtype == torch.int64)
