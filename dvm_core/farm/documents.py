"""Write the files of a submission: whole, and never over somebody else's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from dvm_core.bridge.errors import OutputError, UsageError
from dvm_core.whole_file import write_text

_WIDTH = 120


def as_yaml(document: Mapping[str, Any]) -> str:
    """A document in YAML, its keys in the order given."""
    text: str = yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=True, width=_WIDTH)
    return text


def as_json(document: Mapping[str, Any]) -> str:
    """A document in JSON, its keys in the order given."""
    return json.dumps(document, indent=2) + "\n"


def write_files(folder: Path, files: Mapping[str, str], *, overwrite: bool = False) -> list[Path]:
    """Write a submission.

    Args:
        folder: Where to; made if need be.
        files: What each holds, by name.
        overwrite: Whether files of these names may be there.

    Returns:
        The files.

    Raises:
        OutputError: One is there already, or cannot be written.
    """
    paths = [folder / name for name in files]
    there = next((path for path in paths if path.exists()), None)
    if there is not None and not overwrite:
        raise OutputError(f"{there} is there already; name another folder, or use --overwrite.", path=there)
    for path, text in zip(paths, files.values(), strict=True):
        write_text(path, text)
    return paths


def read_yaml(path: Path) -> Any:
    """What a YAML file holds; JSON is YAML too.

    Raises:
        UsageError: It cannot be read, or is no YAML.
    """
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.", path=path) from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        where = getattr(error, "problem_mark", None)
        line = f" (line {where.line + 1})" if where is not None else ""
        raise UsageError(f"{path} is not YAML{line}; mend it.", path=path) from None
