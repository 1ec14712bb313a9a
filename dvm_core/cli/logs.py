"""Where the engine's log goes: warnings (or more) to stderr, all of it to `--log-file`."""

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
    """What the engine logs, as it comes; events have a reporter of their own."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line; stderr is looked up each time, since a progress bar puts itself in its place."""
        if record.name != _EVENTS.name:
            kind = f"{record.levelname.lower()}: " if record.levelno > logging.INFO else ""
            warn(kind + record.getMessage())


@contextmanager
def logged(log_file: str, *, level: int = logging.WARNING) -> Iterator[None]:
    """Connect the engine's log for the time of a job.

    Args:
        log_file: File to append to; "" for none.
        level: What stderr gets at least.

    Raises:
        OutputError: The file cannot be written.
    """
    handlers: list[logging.Handler] = [_Stderr(level)]
    if log_file:
        handlers.append(_file(log_file))
    before = _ENGINE.level
    _ENGINE.setLevel(logging.INFO)
    for handler in handlers:
        _ENGINE.addHandler(handler)
    try:
        yield
    finally:
        _ENGINE.setLevel(before)
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
