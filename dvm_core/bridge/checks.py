"""Checks of a job document's values; each refuses in one sentence: the field, what it takes, what was found."""

import os
import re
from typing import Any, Callable, Sequence

from .errors import UsageError
from .frames import parse_range

Check = Callable[[str, Any], None]
"""Called with a field's name and its value; raises UsageError if the value does not fit."""

MAX_TEXT = 4096
"""Characters in one text; longer is no path that a file system takes."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def refuse(field: str, expected: str, found: Any) -> UsageError:
    """The error for a value that does not fit; what was found is shortened, for it may be anything."""
    shown = repr(found)
    return UsageError(
        "'{}' must be {}; found {}.".format(field, expected, shown if len(shown) <= 80 else shown[:77] + "...")
    )


def text(field: str, value: Any) -> None:
    """Any line of text, the empty one included, that a file name can hold."""
    if not isinstance(value, str) or len(value) > MAX_TEXT or _CONTROL.search(value):
        raise refuse(field, "one line of text", value)
    try:
        os.fsencode(value)
    except UnicodeEncodeError:
        raise refuse(field, "text that a file name can hold", value) from None


def name(field: str, value: Any) -> None:
    """A line of text that is not empty."""
    text(field, value)
    if not value.strip():
        raise refuse(field, "a name", value)


def exr(field: str, value: Any) -> None:
    """A file or pattern that ends in `.exr`, so that a job can never overwrite a file of another kind."""
    name(field, value)
    if not value.lower().endswith(".exr"):
        raise refuse(field, "a pattern that ends in .exr", value)


def frame_range(field: str, value: Any) -> None:
    """A frame range, or "" for every frame there is."""
    text(field, value)
    if value:
        try:
            parse_range(value)
        except UsageError as error:
            raise UsageError(f"'{field}': {error.message}") from None


def boolean(field: str, value: Any) -> None:
    """True or false."""
    if not isinstance(value, bool):
        raise refuse(field, "true or false", value)


def choice(names: Sequence[str]) -> Check:
    """One of some names."""

    def check(field: str, value: Any) -> None:
        if not isinstance(value, str) or value not in names:
            raise refuse(field, "one of " + ", ".join(names), value)

    return check


def whole_number(low: int, high: int) -> Check:
    """A whole number from `low` to `high`."""

    def check(field: str, value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise refuse(field, f"a whole number from {low} to {high}", value)

    return check


def pattern(expression: str, expected: str) -> Check:
    """Text that matches a regular expression as a whole; `expected` says it in words."""
    compiled = re.compile(expression)

    def check(field: str, value: Any) -> None:
        if not isinstance(value, str) or compiled.fullmatch(value) is None:
            raise refuse(field, expected, value)

    return check


def unknown_keys(document: Any, allowed: Sequence[str], where: str) -> None:
    """Refuse a document that is no object, or has a key that nobody reads: a misspelt setting must not be ignored."""
    if not isinstance(document, dict):
        raise refuse(where, "an object with named values", document)
    for key in document:
        if key not in allowed:
            raise UsageError("'{}' has no field {!r:.60}; it has {}.".format(where, key, ", ".join(allowed)))
