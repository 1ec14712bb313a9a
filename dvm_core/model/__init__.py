"""The networks: the paper's (`rn50`), the same family made small (`lite`), and closed-form matting to compare with."""

from dvm_core.model.registry import build
from dvm_core.model.weights import load

__all__ = ["build", "load"]
