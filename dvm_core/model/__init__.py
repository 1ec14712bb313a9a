"""The networks: the paper's (`rn50`), the same family made small (`lite`), and closed-form matting to compare with."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dvm_core.model.registry import build
    from dvm_core.model.weights import load

__all__ = ["build", "load"]

# Loaded when asked for: a machine that only trains has torch, NumPy and OpenCV, and no reader of weight files.
_HOMES = {"build": "dvm_core.model.registry", "load": "dvm_core.model.weights"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
