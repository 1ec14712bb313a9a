"""CuPy's arrays, which lie on a GPU. NumPy's own functions work on them; what has no such twin asks here."""

import functools
from types import ModuleType
from typing import Any


def is_cupy(array: Any) -> bool:
    """Whether an array is CuPy's."""
    return type(array).__module__.partition(".")[0] == "cupy"


@functools.cache
def cupy() -> ModuleType | None:
    """The package, or None where it is not installed or finds no GPU."""
    try:
        import cupy as package
    except ImportError:
        return None
    found: ModuleType | None = package if package.cuda.is_available() else None
    return found
