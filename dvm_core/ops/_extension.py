"""Finds the compiled kernels, names the one that runs, and refuses to go slow in silence."""

import functools
import logging
import os
from types import ModuleType

import torch

from dvm_core.bridge.errors import DvmError

REFERENCE = "reference"
FUSED = "-fused"
"""Ends the names of kernels that sample and multiply in one where a layer allows it: in halves, up to 256 channels.

Other layers run by columns under the same name: it says what the kernels can do."""
EMULATED = ("cuda-emulated", "cuda-emulated-fused")
"""The CUDA kernels' bodies run on the CPU, thread by thread: a check of their index arithmetic, for tests."""

LIBRARY = torch.library.Library("dvm", "DEF")

_log = logging.getLogger(__name__)


@functools.cache
def native() -> ModuleType:
    """The compiled extension.

    Raises:
        DvmError: It is missing or broken.
    """
    try:
        from dvm_core import _C
    except ImportError as error:
        raise DvmError(
            f"Expected the compiled kernels dvm_core._C, found none that loads ({error}); build them with "
            "`pip install .` (a C++17 compiler is needed), or set DVM_KERNELS=reference to run the slow reference."
        ) from error
    module: ModuleType = _C
    return module


@functools.cache
def choice(device: str = "cpu") -> str:
    """Name of the kernels that run on a device; the environment variable DVM_KERNELS overrides it.

    Args:
        device: `cpu` or `cuda`.

    Returns:
        `reference`, or a name of the extension such as `cpu-avx512-bf16` or `cuda-sm90-fused`.

    Raises:
        DvmError: The extension is missing, lacks this device, or DVM_KERNELS names kernels that cannot run here.
    """
    wanted = os.environ.get("DVM_KERNELS", "")
    if wanted == REFERENCE:
        _log.warning("DVM_KERNELS=reference: convolutions run on the slow plain-torch reference")
        return REFERENCE
    if wanted in EMULATED and device == "cpu":
        return wanted
    available: list[str] = native().kernels(device)
    if not available:
        raise DvmError(
            f"Expected kernels for {device}, found none that run here; rebuild with DVM_CUDA=ON and nvcc on the PATH, "
            "update the driver, or set DVM_KERNELS=reference."
        )
    if not wanted.startswith(device):
        chosen = available[-1]
    elif wanted in available:
        chosen = wanted
    else:
        raise DvmError(f"Expected DVM_KERNELS to be reference or one of {', '.join(available)}, found {wanted!r}.")
    _log.info("kernels on %s: %s", device, chosen)
    return chosen


def on_reference(value: torch.Tensor) -> bool:
    """Whether plain torch computes this: asked for by DVM_KERNELS, or float64, which only checks need.

    Raises:
        TypeError: float16 on the CPU, which has no kernels for it.
    """
    if value.dtype == torch.float64 or choice(value.device.type) == REFERENCE:
        return True
    if value.dtype == torch.float16 and not value.is_cuda:
        raise TypeError("expected float32 or bfloat16 on the CPU, got float16, which only CUDA has; convert it")
    return False


def on_gpu(value: torch.Tensor) -> bool:
    """Whether the CUDA kernels compute this, on a device or emulated."""
    return value.is_cuda or choice() in EMULATED


def dense(value: torch.Tensor) -> torch.Tensor:
    """The layout of every kernel: channels_last without gaps."""
    return value.contiguous(memory_format=torch.channels_last)


def fresh(result: torch.Tensor) -> torch.Tensor:
    """A dense tensor of the CPU that a kernel is about to fill: large ones come in huge pages."""
    native().prefer_huge_pages(result.data_ptr(), result.nbytes)
    return result


def type_name(value: torch.Tensor) -> str:
    """A dtype as the extension spells it, for instance `bfloat16`."""
    return str(value.dtype).removeprefix("torch.")
