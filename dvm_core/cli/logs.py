"""Where the engine's log goes: warnings to stderr, all of it to `--log-file`."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from dvm_core.bridge.errors import OutputError
from dvm_core.bridge.protocol import Event
from dvm_core.cli.console import warn
from dvm_core.cli.phrases import describe

_ENGINE = logging.getLogger("dvm_core")
_EVENTS = logging.getLogger("dvm_core.events")
_LEVEL_OF = {"warning": logging.WARNING, "error": logging.ERROR}


class _Stderr(logging.Handler):
    """Warnings of the engine as they come; events have a reporter of their own."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a warning; stderr is looked up each time, since a progress bar puts itself in its place."""
        if record.name != _EVENTS.name:
            warn(f"{record.levelname.lower()}: {record.getMessage()}")


@contextmanager
def logged(log_file: str, *, quiet: bool) -> Iterator[None]:
    """Connect the engine's log for the time of a job.

    Args:
        log_file: File to append to; "" for none.
        quiet: Keep warnings off stderr.

    Raises:
        OutputError: The file cannot be written.
    """
    handlers: list[logging.Handler] = [logging.NullHandler() if quiet else _Stderr(logging.WARNING)]
    if log_file:
        handlers.append(_file(log_file))
    level = _ENGINE.level
    _ENGINE.setLevel(logging.INFO)
    for handler in handlers:
        _ENGINE.addHandler(handler)
    try:
        yield
    finally:
        _ENGINE.setLevel(level)
        for handler in handlers:
            _ENGINE.removeHandler(handler)
            handler.close()


def _file(path: str) -> logging.Handler:
    try:
        handler = logging.FileHandler(path, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise OutputError(f"The log file {path} cannot be written: {error.strerror}.", path=path) from None
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    return handler


def log_event(event: Event) -> None:
    """Log an event, in words."""
    _EVENTS.log(_LEVEL_OF.get(event["event"], logging.INFO), "%s", describe(event))
