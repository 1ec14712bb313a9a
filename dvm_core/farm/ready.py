"""Whether a machine can make the picture that a plan asks for, before it is given a frame."""

from __future__ import annotations

from dvm_core import __version__, ops
from dvm_core.bridge.errors import DeviceError, DvmError, UsageError
from dvm_core.pipeline import device as devices

_EVERYWHERE = ("", "reference", "pymatting")


def require(version: str, device: str, kernels: str) -> str:
    """Compare this machine with a plan.

    Args:
        version: Of the engine that planned.
        device: `cpu` or `cuda`.
        kernels: Their name; "" for any.

    Returns:
        What this machine has, for people.

    Raises:
        UsageError: The engine is of another version.
        DeviceError: The device or the kernels are not here.
    """
    if version != __version__:
        raise UsageError(
            f"This farm job was planned by dvm {version}, but this machine has {__version__}; install one version on "
            "the whole farm, or write the job again."
        )
    found = devices.choose(device)
    if kernels in _EVERYWHERE:
        return f"dvm {version}, {found.name}"
    try:
        here = ops.kernels(found.device.type)
    except DvmError as error:
        raise DeviceError(f"This machine lacks the kernels {kernels} of this farm job: {error.message}") from None
    if here != kernels:
        raise DeviceError(
            f"This farm job is computed with {kernels}, but this machine would take {here}; set DVM_KERNELS={kernels}, "
            "or plan the job with kernels that every machine has."
        )
    return f"dvm {version}, {found.name}, {here}"
