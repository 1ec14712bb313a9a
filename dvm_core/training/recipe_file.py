"""Recipes from JSON files: names and values that a dataclass has, and rules that they must keep."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

from dvm_core.bridge.errors import UsageError

Kind = TypeVar("Kind")


def read_recipe(kind: type[Kind], path: Path) -> Kind:
    """Read an object of a dataclass's names, those left out at their defaults; dataclasses in it are objects, too.

    Args:
        kind: A dataclass whose fields all have defaults.
        path: A JSON file.

    Raises:
        UsageError: No such file, no JSON, or a name or value that no recipe has.
    """
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        message = f"Expected a recipe file, found none that can be read ({error.strerror})."
        raise UsageError(message, path=path) from None
    except ValueError as error:
        raise UsageError(f"Expected a recipe in JSON, found: {error}.", path=path) from None
    if not isinstance(document, dict):
        raise UsageError("Expected a recipe, an object of names and values, found something else.", path=path)
    return _build(kind, document, path)


def keep(rules: Mapping[str, bool], path: Path) -> None:
    """Refuse a recipe that breaks a rule.

    Args:
        rules: What must be so, in words that go on from "In a recipe,", and whether it is.
        path: The recipe's file.

    Raises:
        UsageError: The first rule that is broken.
    """
    broken = next((rule for rule, kept in rules.items() if not kept), None)
    if broken:
        raise UsageError(f"In a recipe, {broken}.", path=path)


def _build(kind: type[Kind], document: dict[str, Any], path: Path) -> Kind:
    plain: Any = kind()
    known = {entry.name: getattr(plain, entry.name) for entry in fields(plain)}
    values = {}
    for name, value in document.items():
        if name not in known:
            raise UsageError(f"A recipe has no {name!r}; it knows {', '.join(known)}.", path=path)
        if is_dataclass(known[name]) and isinstance(value, dict):
            values[name] = _build(type(known[name]), value, path)
        elif _fits(value, known[name]):
            values[name] = tuple(value) if isinstance(value, list) else value
        else:
            found = type(value).__name__
            raise UsageError(f"{name!r} must be like {known[name]!r}, found {value!r} ({found}).", path=path)
    return kind(**values)


def _fits(value: Any, like: Any) -> bool:
    if isinstance(like, bool) or isinstance(value, bool):
        return isinstance(value, bool) and isinstance(like, bool)
    if isinstance(like, float):
        return isinstance(value, (int, float))
    if isinstance(like, tuple):
        return isinstance(value, list) and bool(value) and all(_fits(item, like[0]) for item in value)
    return isinstance(value, type(like))
