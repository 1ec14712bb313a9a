"""Finds the compiled kernels, names the one that runs, and refuses to go slow in silence."""

import functools
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

import torch

from dvm_core.bridge.errors import DvmError

REFERENCE = "reference"
TORCHVISION = "torchvision"
"""torchvision's deformable convolution; everything else as the reference has it."""
OF_OTHERS = (REFERENCE, TORCHVISION)
"""Names of kernels that are not ours: slower, and of any device."""
FUSED = "-fused"
"""Ends the names of kernels that sample and multiply in one where a layer allows it: in halves, up to 256 channels.

Other layers run by columns under the same name: it says what the kernels can do."""
EMULATED = ("cuda-emulated", "cuda-emulated-fused")
"""The CUDA kernels' bodies run on the CPU, thread by thread: a check of their index arithmetic, for tests."""

LIBRARY = torch.library.Library("dvm", "DEF")

_log = logging.getLogger(__name__)
_standing_in = False


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
        `reference`, `torchvision`, or a name of the extension such as `cpu-avx512-bf16` or `cuda-sm90-fused`.

    Raises:
        DvmError: The extension is missing, lacks this device, or DVM_KERNELS names kernels that cannot run here.
    """
    wanted = os.environ.get("DVM_KERNELS", "")
    if wanted == REFERENCE:
        _log.warning("DVM_KERNELS=reference: convolutions run on the slow plain-torch reference")
        return REFERENCE
    if wanted == TORCHVISION:
        return _torchvision()
    if wanted in EMULATED and device == "cpu":
        return wanted
    if _standing_in and not _built(device):
        return _stand_in(device)
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
        raise DvmError(
            f"Expected DVM_KERNELS to be reference, torchvision or one of {', '.join(available)}, found {wanted!r}."
        )
    _log.info("kernels on %s: %s", device, chosen)
    return chosen


@contextmanager
def stand_ins() -> Iterator[None]:
    """Within it, a device that our kernels are not built for takes others, and the log says which.

    For training, whose weights are judged by what they do and not by what made them: a GPU machine may have nothing
    but torch and torchvision. A matte never comes from kernels that nobody chose.
    """
    global _standing_in
    before, _standing_in = _standing_in, True
    choice.cache_clear()
    try:
        yield
    finally:
        _standing_in = before
        choice.cache_clear()


def _built(device: str) -> bool:
    """Whether the extension is here and has kernels that run on the device."""
    try:
        return bool(native().kernels(device))
    except DvmError:
        return False


def _stand_in(device: str) -> str:
    """On a GPU torchvision's kernels, if it loads; on a CPU the reference, for there it is the faster one."""
    chosen = REFERENCE
    if device == "cuda":
        try:
            chosen = _torchvision()
        except DvmError as error:
            _log.warning("%s", error)
    _log.warning("our kernels are not built for %s here: deformable convolution runs on %s", device, chosen)
    return chosen


def _torchvision() -> str:
    try:
        import torchvision.ops  # noqa: F401 - what it registers is called by its operators' names
    except (ImportError, RuntimeError, OSError) as error:  # it raises each of them beside another torch than its own
        raise DvmError(
            f"Expected torchvision for its deformable convolution, found none that loads ({error}); install the one "
            "that was made for this torch, or set DVM_KERNELS=reference."
        ) from error
    return TORCHVISION


def on_reference(value: torch.Tensor) -> bool:
    """Whether plain torch computes this: no kernels of ours were chosen, or float64, which only checks need.

    Raises:
        TypeError: float16 on the CPU, which has no kernels for it.
    """
    if value.dtype == torch.float64 or choice(value.device.type) in OF_OTHERS:
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
