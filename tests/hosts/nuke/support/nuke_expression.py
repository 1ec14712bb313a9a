"""Nuke's expressions: those of knobs, on numbers, and those of the Expression node, on whole channels."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np

_TOKEN = re.compile(r"\s*(?:(\d+\.?\d*|\.\d+)|([A-Za-z_][\w.]*)|(\|\||&&|[=!<>]=|[-+*/<>!?:(),]))")
_FUNCTIONS = {"floor": np.floor, "fmod": np.fmod}
_LEVELS: list[dict[str, Callable[[Any, Any], Any]]] = [
    {"||": np.logical_or},
    {"&&": np.logical_and},
    {"==": np.equal, "!=": np.not_equal},
    {"<": np.less, ">": np.greater, "<=": np.less_equal, ">=": np.greater_equal},
    {"+": np.add, "-": np.subtract},
    {"*": np.multiply, "/": np.true_divide},
]
"""Operators from the loosest to the tightest."""


def evaluate(text: str, value_of: Callable[[str], Any]) -> Any:
    """The value of an expression; names such as `parent.show` and `r` are looked up by `value_of`."""
    tokens, position = [], 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None:
            raise ValueError(f"no expression: {text!r}")
        tokens.append(match)
        position = match.end()
    parser = _Parser(tokens, value_of)
    value = parser.choice()
    if parser.rest():
        raise ValueError(f"no expression: {text!r}")
    return value


class _Parser:
    def __init__(self, tokens, value_of):
        self._tokens = tokens
        self._value_of = value_of

    def rest(self):
        return self._tokens

    def choice(self):
        condition = self._binary(0)
        if not self._take("?"):
            return condition
        yes = self.choice()
        if not self._take(":"):
            raise ValueError("a ? without its :")
        return np.where(np.asarray(condition, bool), yes, self.choice())

    def _binary(self, level):
        if level == len(_LEVELS):
            return self._unary()
        value = self._binary(level + 1)
        while self._tokens and self._tokens[0].group(3) in _LEVELS[level]:
            operation = _LEVELS[level][self._tokens.pop(0).group(3)]
            value = operation(value, self._binary(level + 1))
        return value

    def _unary(self):
        if self._take("-"):
            return -self._unary()
        if self._take("!"):
            return np.logical_not(self._unary())
        return self._atom()

    def _atom(self):
        if self._take("("):
            value = self.choice()
            self._take(")")
            return value
        number, name, _ = self._tokens.pop(0).groups()
        if number is not None:
            return float(number)
        if not self._take("("):
            return self._value_of(name)
        arguments = [self.choice()]
        while self._take(","):
            arguments.append(self.choice())
        self._take(")")
        return _FUNCTIONS[name](*arguments)

    def _take(self, operator):
        found = bool(self._tokens) and self._tokens[0].group(3) == operator
        if found:
            self._tokens.pop(0)
        return found
