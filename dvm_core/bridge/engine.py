"""Where the engine is: which Python runs it. Hosts ask here; `dvm install` wrote the answer.

    ~/.dvm/config.json      {"python": "/opt/dvm/bin/python", ...}

`$DVM_HOME` names another folder than `~/.dvm`.
"""

import json
import os
from pathlib import Path

from .errors import EngineNotFound

CONFIG_FILE = "config.json"

_REMEDY = "run `dvm install` in the engine's environment, or set DVM_PYTHON to its Python"


def home() -> Path:
    """The folder in which dvm keeps what hosts have to know; it may not exist."""
    return Path(os.environ.get("DVM_HOME") or Path("~", ".dvm")).expanduser()


def find_python(explicit: str = "") -> str:
    """The full path of the Python that runs the engine.

    What was chosen nearest counts, and is never passed over in silence: a host's own setting, then `$DVM_PYTHON`, then
    what `dvm install` wrote.

    Args:
        explicit: The host's own setting; "" if it has none.

    Raises:
        EngineNotFound: None of them says, or what the first one says is not there.
    """
    if explicit:
        return _checked(explicit, "the host's setting")
    if os.environ.get("DVM_PYTHON"):
        return _checked(os.environ["DVM_PYTHON"], "DVM_PYTHON")
    file = home() / CONFIG_FILE
    if file.exists():
        return _checked(_configured(file), str(file))
    raise EngineNotFound(f"Nothing says where dvm's engine is; {_REMEDY}.")


def _configured(file: Path) -> str:
    try:
        python = json.loads(file.read_text(encoding="utf-8"))["python"]
    except (OSError, ValueError, KeyError, TypeError):
        python = None
    if not isinstance(python, str):
        raise EngineNotFound(f"{file} does not say where dvm's engine is; {_REMEDY}.", path=file)
    return python


def _checked(python: str, source: str) -> str:
    path = Path(python).expanduser()
    # A bare name would be looked for on the host's own path, and find the host's own Python.
    if not path.is_absolute():
        raise EngineNotFound(f"The engine's Python must be named by its full path; {source} says {python!r}.")
    if not path.is_file() or not os.access(str(path), os.X_OK):
        raise EngineNotFound(f"There is no Python at {path}, as {source} says; {_REMEDY}.", path=path)
    return str(path)
