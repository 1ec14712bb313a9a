"""What `--progress` chooses from: each takes a job's events and shows them to somebody else."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dvm_core.bridge import protocol
from dvm_core.bridge.errors import DvmError, UsageError
from dvm_core.bridge.protocol import Event
from dvm_core.cli.console import say, warn
from dvm_core.cli.phrases import describe, duration
from dvm_core.faults import as_dvm_errors

Listener = Callable[[Event], None]
"""Takes every event of a job, in order, one at a time, from whichever thread it comes."""

WAYS = ("auto", "bar", "json", "openjd", "none")
_SECONDS_BETWEEN_LINES = 5.0


@contextmanager
def reporting(progress: str, *, quiet: bool, moving: bool) -> Iterator[Listener]:
    """Show a job's events in the way that `--progress` and `--quiet` ask for.

    Args:
        progress: One of `WAYS`.
        quiet: Show nothing.
        moving: Whether frames are going to come; a bar for a plan alone would never move.

    Raises:
        UsageError: There is no such way.
    """
    if progress not in WAYS:
        raise UsageError(f"--progress must be one of {', '.join(WAYS)}; found {progress!r}.")
    if quiet or progress == "none":
        yield show_nothing
    elif progress == "json":
        yield show_json
    elif progress == "openjd":
        yield show_openjd
    elif moving and (progress == "bar" or sys.stderr.isatty()):
        with bar() as show_bar:
            yield show_bar
    else:
        yield Lines()


@contextmanager
def told_of_faults(progress: str, *, moving: bool) -> Iterator[Listener]:
    """As `reporting`, for commands that are no job: what stops one is shown as an `error` event before it is raised.

    Raises:
        DvmError: What stopped it.
    """
    with reporting(progress, quiet=False, moving=moving) as show:
        try:
            with as_dvm_errors():
                yield show
        except DvmError as fault:
            show(protocol.error(fault))
            raise


def show_nothing(event: Event) -> None:
    """Show nothing; errors are told by whoever ends the process."""


def show_json(event: Event) -> None:
    """Print every event as it is, one a line, on stdout."""
    say(protocol.encode(event))


def show_openjd(event: Event) -> None:
    """Print the lines that an Open Job Description session looks for on stdout: progress, status, and why it failed."""
    kind = event["event"]
    if kind == "frame":
        say(f"openjd_progress: {100 * event['index'] / event['total']:.1f}")
        say(f"openjd_status: frame {event['frame']} ({event['index']}/{event['total']})")
    elif kind == "error":
        say("openjd_fail: " + _one_line(event))
    elif kind in ("plan", "done", "cancelled"):
        say("openjd_status: " + _one_line(event))
    elif kind in ("warning", "log"):
        say(_one_line(event))


def _one_line(event: Event) -> str:
    return " ".join(describe(event).split())


class Lines:
    """A line now and then on stderr, for pipes and log viewers."""

    def __init__(self) -> None:
        self._started = self._last_line = time.monotonic()

    def __call__(self, event: Event) -> None:
        """Say plan, end and warnings always; frames every few seconds."""
        kind = event["event"]
        if kind == "plan":
            self._started = self._last_line = time.monotonic()
        if kind == "frame":
            self._frame(event)
        elif kind == "warning":
            warn("warning: " + describe(event))
        elif kind in ("plan", "log", "done"):
            warn(describe(event))

    def _frame(self, event: Event) -> None:
        now = time.monotonic()
        if now - self._last_line < _SECONDS_BETWEEN_LINES:
            return
        self._last_line = now
        left = (now - self._started) / event["index"] * (event["total"] - event["index"])
        warn(f"frame {event['frame']} ({event['index']}/{event['total']}), {duration(left)} left")


@contextmanager
def bar() -> Iterator[Listener]:
    """A progress bar on stderr: frames, frames a second, time left; what else is said goes above it."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("starting", total=None, rate="")

        def show(event: Event) -> None:
            kind = event["event"]
            if kind == "frame":
                progress.update(
                    task, completed=event["index"], total=event["total"], description=f"frame {event['frame']}"
                )
                speed = progress.tasks[0].speed
                progress.update(task, rate="" if speed is None else f"{speed:.2f} frames/s")
            elif kind in ("plan", "log", "warning", "done"):
                prefix = "warning: " if kind == "warning" else ""
                console.print(prefix + describe(event), markup=False, highlight=False, soft_wrap=True)
            if kind == "plan":
                progress.update(task, total=event["frames"])

        yield show
