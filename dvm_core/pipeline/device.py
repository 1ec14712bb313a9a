"""Which device and precision a session computes with; nothing falls back unsaid."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch

from dvm_core import ops
from dvm_core.bridge.errors import UsageError
from dvm_core.ops.device import device_of

_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True)
class Compute:
    """Device, precision and kernels, as they are reported and written into each alpha's header.

    Attributes:
        device: Where the network runs.
        precision: `fp32`, `bf16` or `fp16`.
        solver: What computes instead of our kernels; empty where they do.
    """

    device: torch.device
    precision: str
    solver: str = ""

    @property
    def kernels(self) -> str:
        """Name of the kernels that run, for instance `cpu-avx512` or `reference`."""
        return self.solver or ops.kernels(self.device.type)

    @property
    def name(self) -> str:
        """The device for people: `cpu`, or `cuda:0 (NVIDIA H100)`."""
        if self.device.type == "cpu":
            return "cpu"
        return f"{self.device} ({torch.cuda.get_device_name(self.device)})"

    @property
    def dtype(self) -> torch.dtype:
        """What convolutions compute with."""
        return _DTYPES[self.precision]

    def autocast(self) -> AbstractContextManager[object]:
        """The context to run a network in."""
        if self.precision == "fp32":
            return nullcontext()
        return torch.autocast(self.device.type, dtype=self.dtype)


def choose(device: str = "auto", precision: str = "auto") -> Compute:
    """Resolve what the user asked for to what this machine has.

    Args:
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        precision: `auto`, `fp32`, `bf16` or `fp16`; auto is fp32 on a CPU and bf16 on a GPU that has it.

    Raises:
        UsageError: For a name that is none of these, or fp16 on a CPU.
        DeviceError: For a GPU that is not there.
    """
    chosen = device_of(device)
    if precision not in ("auto", *_DTYPES):
        raise UsageError(f"The precision must be auto, fp32, bf16 or fp16, not {precision!r}.")
    if precision == "auto":
        has_bf16 = chosen.type == "cuda" and torch.cuda.is_bf16_supported()
        precision = "bf16" if has_bf16 else "fp32"
    if precision == "fp16" and chosen.type == "cpu":
        raise UsageError("Precision fp16 needs a GPU; on a CPU use fp32 or bf16.")
    return Compute(chosen, precision)
