"""Models by name. Builders hold the numbers; their modules load when they are asked for."""

from __future__ import annotations

import inspect
from importlib import import_module

from torch import nn

from dvm_core.bridge.errors import ModelError

_BUILDERS = {
    "lite": ("dvm_core.model.lite", "Lite"),
    "rn50": ("dvm_core.model.rn50", "RN50"),
    "closed-form": ("dvm_core.model.closed_form", "ClosedForm"),
}

_LARGEST_NUMBER = 4096
"""Above every sensible width or window: a file that asks for more is damaged or hostile."""


def names() -> list[str]:
    """Every architecture, the default first."""
    return list(_BUILDERS)


def build(name: str, **numbers: int) -> nn.Module:
    """Build an untrained model.

    Args:
        name: One of `names()`.
        **numbers: The builder's arguments, such as `shift` and `step` of `rn50`.

    Returns:
        The network, in training mode, with fresh weights.

    Raises:
        ModelError: For a name or numbers that the registry does not know.
    """
    if name not in _BUILDERS:
        raise ModelError(f"Expected a model named {', '.join(_BUILDERS)}, found {name!r}.")
    module, attribute = _BUILDERS[name]
    builder: type[nn.Module] = getattr(import_module(module), attribute)
    _check_numbers(name, builder, numbers)
    try:
        return builder(**numbers)
    except ValueError as error:
        raise ModelError(f"{name} cannot be built so: {error}") from error


def _check_numbers(name: str, builder: type[nn.Module], numbers: dict[str, int]) -> None:
    parameters = inspect.signature(builder).parameters.values()
    known = [parameter.name for parameter in parameters if parameter.kind is parameter.POSITIONAL_OR_KEYWORD]
    for key, value in numbers.items():
        if key not in known:
            takes = f"the numbers {', '.join(known)}" if known else "no numbers"
            raise ModelError(f"{name} takes {takes}; found {key!r}.")
        if type(value) is not int or not 0 <= value <= _LARGEST_NUMBER:
            raise ModelError(f"{name} takes {key} as an integer from 0 to {_LARGEST_NUMBER}; found {value!r}.")
