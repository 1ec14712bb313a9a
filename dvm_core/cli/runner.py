"""Run one job and tell everybody who wants to know: terminal, log file, job directory, summary."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from dvm_core import __version__
from dvm_core.bridge import protocol
from dvm_core.bridge.errors import Cancelled, DvmError
from dvm_core.bridge.job import MatteJob
from dvm_core.bridge.jobdir import JobDirectory
from dvm_core.bridge.protocol import Event
from dvm_core.cli import report
from dvm_core.cli.console import say_json
from dvm_core.cli.logs import log_event, logged
from dvm_core.cli.options import ReportOptions
from dvm_core.cli.reporters import Listener, reporting
from dvm_core.cli.stop import Stop
from dvm_core.faults import as_dvm_errors
from dvm_core.whole_file import require_place

REPORT_FILE = "report.json"
"""The report in a job directory."""


class Summary:
    """What `--json` prints last, gathered from the events.

    Attributes:
        document: state, frames, seconds, outputs, seconds_of each frame, warnings, plan; and for a failure code,
            message, frame and path.
    """

    def __init__(self) -> None:
        self.document: dict[str, Any] = {
            "state": "planned",
            "code": 0,
            "outputs": [],
            "seconds_of": {},
            "warnings": [],
            "plan": None,
        }

    def __call__(self, event: Event) -> None:
        """Take an event in."""
        content = {key: value for key, value in event.items() if key != "event"}
        kind = event["event"]
        if kind == "plan":
            self.document["plan"] = content
        elif kind == "frame":
            self.document["outputs"].append(event["path"])
            self.document["seconds_of"][event["frame"]] = round(event["seconds"], 3)
        elif kind == "warning":
            self.document["warnings"].append(event["message"])
        elif kind == "done":
            self.document.update(content, state="done")
        elif kind == "error":
            self.document.update(content, state="failed")
        elif kind == "cancelled":
            self.document.update(state="cancelled", code=Cancelled.exit_code)

    def say(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Print it, as the exit of a context."""
        self._note(error)
        say_json(self.document)

    def keep(self, file: Path) -> report.ExitHandler:
        """Write it as a report, as the exit of a context."""

        def write(kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
            self._note(error)
            report.write(file, self.document, report.as_text(self.document))

        return write

    def _note(self, error: BaseException | None) -> None:
        """What kept a job from even beginning was no event."""
        if isinstance(error, DvmError) and self.document["state"] == "planned":
            self(protocol.error(error))


Work = Callable[[Callable[[Event], None], Callable[[], bool]], None]
"""Does a job; called with what takes its events, and with what tells whether it shall stop."""


def run(load: Callable[[], MatteJob], options: ReportOptions, directory: JobDirectory | None = None) -> None:
    """Run a job to its end, with one last event whatever happens.

    Args:
        load: Gives the job; that it is not valid is reported as any other failure is.
        options: How to tell.
        directory: The job's own folder, if it has one; its `cancel` file stops the job as a signal does.

    Raises:
        DvmError: What stopped it, after it was reported.
    """
    perform(lambda emit, cancelled: _compute(load(), emit, cancelled, dry_run=options.dry_run), options, directory)


def perform(work: Work, options: ReportOptions, directory: JobDirectory | None = None) -> None:
    """Do some work and tell everybody: as `run`, whoever computes.

    Raises:
        DvmError: What stopped it, after it was reported.
    """
    summary = Summary()
    with ExitStack() as stack:
        for file in _reports(options, directory):
            require_place(file)
            stack.push(summary.keep(file))
        if options.json:
            # Entered before the progress bar so that it is left after it: a live bar takes stdout over.
            stack.push(summary.say)
        stack.enter_context(logged(options.log_file, level=logging.ERROR if options.quiet else logging.WARNING))
        show = stack.enter_context(reporting(options.progress, quiet=options.quiet, moving=not options.dry_run))
        stop = stack.enter_context(Stop())
        listeners: list[Listener] = [summary, log_event]
        if directory is not None:
            directory.start()
            listeners.append(directory.record)
        # The terminal comes last: it is the one that may be gone, and the others must have heard by then.
        listeners.append(show)

        def emit(event: Event) -> None:
            for listener in listeners:
                listener(event)

        def cancelled() -> bool:
            return stop.requested or (directory is not None and directory.is_cancelled())

        try:
            with as_dvm_errors():
                work(emit, cancelled)
        except DvmError as fault:
            emit(protocol.cancelled() if isinstance(fault, Cancelled) else protocol.error(fault))
            raise


def _reports(options: ReportOptions, directory: JobDirectory | None) -> list[Path]:
    files = [Path(options.report)] if options.report and not options.dry_run else []
    return files if directory is None else [*files, directory.path / REPORT_FILE]


def _compute(job: MatteJob, emit: Callable[[Event], None], cancelled: Callable[[], bool], *, dry_run: bool) -> None:
    from dvm_core.pipeline import run_job
    from dvm_core.pipeline.device import choose

    emit(protocol.hello(__version__, str(choose(job.settings.device).device)))
    run_job(job, emit=emit, cancelled=cancelled, dry_run=dry_run)
