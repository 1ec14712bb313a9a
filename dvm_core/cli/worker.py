"""`dvm worker`: the engine that a host keeps."""

from __future__ import annotations


def worker() -> None:
    """Serve a host: jobs in on stdin, events out on stdout, one JSON object a line."""
    from dvm_core.worker import main

    main()
