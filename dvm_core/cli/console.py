"""Writing to stdout and stderr, also when nobody reads them any more."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from dvm_core.bridge.errors import OutputError


def legible_everywhere() -> None:
    """Let stdout escape what its encoding lacks, as stderr does: a pipe on Windows cannot hold every file's name."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def say(text: str, stream: TextIO | None = None) -> None:
    """Write a line at once.

    Args:
        text: The line.
        stream: Where to; stdout if None.

    Raises:
        OutputError: The stream is closed at its other end, or its disk is full.
    """
    stream = stream or sys.stdout
    try:
        stream.write(text + "\n")
        stream.flush()
    except OSError as error:
        _silence(stream)
        raise OutputError(f"{stream.name} cannot be written: {error.strerror}.") from None


def say_json(document: Mapping[str, Any]) -> None:
    """Write a document as one line of JSON to stdout."""
    say(json.dumps(document, allow_nan=False))


def warn(text: str) -> None:
    """Write a line to stderr; there is nobody left to tell when that fails."""
    try:
        say(text, sys.stderr)
    except OutputError:
        return


def _silence(stream: TextIO) -> None:
    """Send what is still buffered nowhere, or the interpreter's own flush at exit would fail loudly."""
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())
