"""The events of a job: JSON objects, one a line, from `dvm worker`, in `events.jsonl`, from `--progress json` alike.

A job's events are one `plan`, a `frame` for each finished frame, any number of `log` and `warning`, and at the end
exactly one of `done`, `error` and `cancelled`. `hello` comes before all of them, once from each engine process.

To `dvm worker` a host says, in the same form:

    {"op": "run", "id": "a", "job": {...}}   run a job; its events carry the id
    {"op": "cancel", "id": "a"}              stop that job within a frame; it ends with `cancelled`
    {"op": "ping", "id": "b"}                answered at once with {"event": "pong", "id": "b"}
    {"op": "quit"}                           stop what runs and end; the end of the pipe means the same
"""

import json
from typing import Any, Dict, Optional, Sequence

from .errors import DvmError, UsageError

PROTOCOL = 1
"""Version of events and verbs; a host refuses an engine that speaks another."""

Event = Dict[str, Any]

LAST = ("done", "error", "cancelled")
"""The events that end a job."""

PLAN_FIELDS = ("model", "device", "kernels", "precision", "colorspace", "tile", "memory_bytes")
"""What a `plan` says besides its frames: what will compute them, how, and what it is going to need."""


def hello(version: str, device: str) -> Event:
    """The engine is up: its protocol, its version and the device it runs on."""
    return {"event": "hello", "protocol": PROTOCOL, "version": version, "device": device}


def plan(frames: Sequence[int], *, kept: str = "", **facts: Any) -> Event:
    """Work is about to start.

    Args:
        frames: Frame numbers to write, in order.
        kept: Frames that a resumed job found finished, as a range.
        facts: Each of `PLAN_FIELDS`.
    """
    if set(facts) != set(PLAN_FIELDS):
        raise TypeError("A plan says {}; this one {}.".format(", ".join(PLAN_FIELDS), ", ".join(sorted(facts))))
    ends = {"first": frames[0], "last": frames[-1]} if frames else {"first": None, "last": None}
    return dict({"event": "plan", "frames": len(frames), "kept": kept}, **ends, **facts)


def frame(number: int, seconds: float, path: str, *, index: int, total: int) -> Event:
    """A frame stands complete under its final name.

    Args:
        number: Frame number.
        seconds: Wall-clock seconds that it took.
        path: The alpha.
        index: How many frames are finished, this one included.
        total: How many there will be.
    """
    return {"event": "frame", "frame": number, "seconds": seconds, "path": path, "index": index, "total": total}


def log(message: str) -> Event:
    """Something worth knowing."""
    return {"event": "log", "message": message}


def warning(message: str, *, frame: Optional[int] = None, path: Optional[str] = None) -> Event:
    """Something that may spoil the result, though the job goes on."""
    return {"event": "warning", "message": message, "frame": frame, "path": path}


def in_one_line(warnings: Sequence[str]) -> str:
    """Some warnings in the one line that a host has for them: the first, and how many more there are."""
    return warnings[0] + (f" (and {len(warnings) - 1} more)" if len(warnings) > 1 else "")


def done(frames: int, seconds: float, outputs: Sequence[str]) -> Event:
    """Every frame is written."""
    return {"event": "done", "frames": frames, "seconds": seconds, "outputs": list(outputs)}


def error(fault: DvmError) -> Event:
    """The job failed; `code` is the exit code that a shell would have seen."""
    return {
        "event": "error",
        "code": fault.exit_code,
        "message": fault.message,
        "frame": fault.frame,
        "path": fault.path,
    }


def cancelled() -> Event:
    """The job was stopped; finished frames stay."""
    return {"event": "cancelled"}


def pong() -> Event:
    """The answer to a ping."""
    return {"event": "pong"}


def encode(event: Event) -> str:
    """One line of JSON, ASCII alone, without its line break.

    Raises:
        ValueError: The event holds a number that JSON has not (NaN, infinity).
    """
    return json.dumps(event, allow_nan=False, separators=(", ", ": "))


def decode(line: bytes) -> Dict[str, Any]:
    """The object of one line, from either side.

    Raises:
        UsageError: The line is not a JSON object.
    """
    try:
        document = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise UsageError(f"A line must hold one JSON object; found {line[:60]!r}.")
    return document
