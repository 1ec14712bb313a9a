"""PyMatting behind one door: it must neither change how many threads torch runs with nor print."""

from __future__ import annotations

import functools
import importlib
import logging
import threading
from types import ModuleType

import torch

log = logging.getLogger(__name__)

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
    # It prints where factors fail before it tries others. Standard output belongs to results (`--json`), and
    # redirecting it would silence other threads: so that one module gets a `print` of its own.
    importlib.import_module("pymatting.preconditioner.ichol").print = log.debug  # type: ignore[attr-defined]
    module: ModuleType = package
    return module
