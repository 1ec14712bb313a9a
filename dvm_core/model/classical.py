"""PyMatting behind one door: it costs a second to import, and must not change how many threads torch runs with."""

from __future__ import annotations

import functools
import threading
from types import ModuleType

import torch

_importing = threading.Lock()


def pymatting() -> ModuleType:
    """The package, imported when first needed; the first import after an installation compiles it for a minute."""
    with _importing:
        return _imported()


@functools.cache
def _imported() -> ModuleType:
    """Import it.

    Its compiler starts a pool of its own on the OpenMP library that torch runs on, and thereby sets that library's
    number of threads to the number of processors. Equal pixels need an equal number of threads, so it is put back.
    """
    threads = torch.get_num_threads()
    import pymatting as package

    torch.set_num_threads(threads)
    module: ModuleType = package
    return module
