"""The device that a user's word names; nothing falls back unsaid."""

from __future__ import annotations

import re

import torch

from dvm_core.bridge.errors import DeviceError, UsageError


def gpus() -> int:
    """How many GPUs torch can use here."""
    return torch.cuda.device_count() if torch.cuda.is_available() else 0


def device_of(name: str) -> torch.device:
    """The device that this machine has by a name.

    Args:
        name: `auto` for the first GPU, or the CPU where there is none; `cpu`, `cuda` or `cuda:N`.

    Raises:
        UsageError: For a name that is none of these.
        DeviceError: For a GPU that is not there.
    """
    match = re.fullmatch(r"(auto|cpu|cuda)(?::(\d+))?", name)
    if match is None or (match[2] and match[1] != "cuda"):
        raise UsageError(f"The device must be auto, cpu, cuda or cuda:N, not {name!r}.")
    kind, index, count = match[1], int(match[2] or 0), gpus()
    if kind == "cpu" or (kind == "auto" and count == 0):
        return torch.device("cpu")
    if index >= count:
        found = f"{count} CUDA device{'' if count == 1 else 's'}"
        raise DeviceError(f"Device {name} was asked for, but this machine has {found}; use --device cpu or another.")
    return torch.device("cuda", index)
