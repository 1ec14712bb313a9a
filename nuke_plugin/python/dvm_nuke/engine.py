"""The engine processes of this Nuke: one for each colour configuration, started when first needed."""

import threading
from typing import Dict

from .bridge.client import Worker

_workers: Dict[str, Worker] = {}
_lock = threading.Lock()


def worker(config: str) -> Worker:
    """The engine for scripts with a colour configuration.

    Args:
        config: File of the OpenColorIO configuration that the script names; "" for what the environment says.
    """
    with _lock:
        if config not in _workers:
            _workers[config] = Worker(environment={"OCIO": config} if config else None)
        return _workers[config]
