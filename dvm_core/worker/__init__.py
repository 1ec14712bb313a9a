"""The engine's end of the bridge: a process that a host keeps, jobs in on stdin, events out on stdout.

What is said is in `dvm_core.bridge.protocol`; the host's end is `dvm_core.bridge.client`.
"""

from dvm_core.worker.main import main

__all__ = ["main"]
