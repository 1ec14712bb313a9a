"""Options in groups: a command takes a few dataclasses, the shell sees their fields as options."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, get_type_hints


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command's parameters be groups of options.

    A parameter whose type is a dataclass is replaced, for Typer, by that class's fields (each
    `Annotated[..., typer.Option()]`, with a default); the command is called with an instance.

    Args:
        command: A function as Typer takes it, with dataclasses among its parameters.
    """
    hints = get_type_hints(command, include_extras=True)
    signature = inspect.signature(command)
    groups = {name: hints[name] for name in signature.parameters if is_dataclass(hints[name])}

    @functools.wraps(command)
    def wrapper(**values: Any) -> None:
        for name, group in groups.items():
            values[name] = group(**{field.name: values.pop(field.name) for field in fields(group)})
        command(**values)

    parameters = [
        expanded
        for name, parameter in signature.parameters.items()
        for expanded in (_options(groups[name]) if name in groups else [parameter.replace(annotation=hints[name])])
    ]
    # Typer reads both; without annotations it takes the types from the signature alone.
    wrapper.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in parameters]
    )
    wrapper.__annotations__ = {}
    return wrapper


def _options(group: type) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if field.default is MISSING else field.default,
            annotation=hints[field.name],
        )
        for field in fields(group)
    ]
