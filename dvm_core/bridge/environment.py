"""The environment of the engine: the host's own, without what a host sets for itself alone.

A host points Python, the loader and Qt to its own libraries; an engine that inherits this finds the wrong ones, or
none at all.
"""

import os
from typing import Dict, Mapping, Optional

_NAMES = frozenset(("LD_LIBRARY_PATH", "LD_PRELOAD", "LD_AUDIT", "TCL_LIBRARY", "TK_LIBRARY", "__PYVENV_LAUNCHER__"))
_PREFIXES = ("PYTHON", "DYLD_", "QT_")


def engine_environment(own: Optional[Mapping[str, str]] = None) -> Dict[str, str]:
    """This process's environment, fit for the engine.

    Args:
        own: Variables to set besides, also those that are taken out otherwise.
    """
    kept = {name: value for name, value in os.environ.items() if not _is_hosts(name.upper())}
    return dict(kept, **(own or {}))


def _is_hosts(name: str) -> bool:
    return name in _NAMES or name.startswith(_PREFIXES)
