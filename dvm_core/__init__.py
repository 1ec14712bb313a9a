"""Deep video matting for compositors: plates and a few trimaps in, alphas out.

    import dvm_core as dvm

    dvm.matte("plate.####.exr", trimap="keys.####.png", output="alpha.####.exr", range="1001-1100")

Names load when they are first used, so that importing this page costs nothing and needs nothing installed.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, List

if TYPE_CHECKING:
    from .api import matte, plan
    from .bridge.errors import (
        Cancelled,
        DeviceError,
        DvmError,
        InputError,
        ModelError,
        OutputError,
        UsageError,
    )
    from .bridge.job import MatteJob
    from .bridge.settings import Settings
    from .pipeline import Matte, MatteResult, MattingSession

__version__ = "0.1.0"

__all__ = [
    "Cancelled",
    "DeviceError",
    "DvmError",
    "InputError",
    "Matte",
    "MatteJob",
    "MatteResult",
    "MattingSession",
    "ModelError",
    "OutputError",
    "Settings",
    "UsageError",
    "__version__",
    "matte",
    "plan",
]

_HOMES = {
    "api": ("matte", "plan"),
    "bridge.errors": (
        "Cancelled",
        "DeviceError",
        "DvmError",
        "InputError",
        "ModelError",
        "OutputError",
        "UsageError",
    ),
    "bridge.job": ("MatteJob",),
    "bridge.settings": ("Settings",),
    "pipeline": ("Matte", "MatteResult", "MattingSession"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module("." + _HOME_OF[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> List[str]:
    return sorted(set(globals()) | set(__all__))
