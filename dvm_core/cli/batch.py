"""`dvm batch`: many shots on this machine, one summary."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dvm_core import __version__
from dvm_core.bridge import protocol
from dvm_core.bridge.errors import DvmError
from dvm_core.bridge.protocol import Event
from dvm_core.cli.console import say_json
from dvm_core.cli.local import LocalOptions, default_workers, keep_models
from dvm_core.cli.logs import log_event, logged
from dvm_core.cli.options import ReportOptions
from dvm_core.cli.phrases import describe, duration
from dvm_core.cli.report import BATCH_SCHEMA, ExitHandler
from dvm_core.cli.report import write as write_report
from dvm_core.cli.reporters import Listener, reporting
from dvm_core.cli.stop import Stop
from dvm_core.cli.tables import as_table, print_table
from dvm_core.faults import as_dvm_errors
from dvm_core.whole_file import require_place

if TYPE_CHECKING:
    from dvm_core.farm.local import Outcome

_HEADS = ("shot", "state", "frames made", "kept", "time", "why")
_NUMBERS = ("frames made", "kept", "time")


def batch(
    shots: Annotated[Path, typer.Argument(metavar="SHOTS.yaml", help="The shots: a dvm-batch/1 file.")],
    chosen: LocalOptions,
    report: ReportOptions,
) -> None:
    """Matte many shots, fair over this machine; one that fails keeps no other from being done."""
    outcomes: list[Outcome] = []
    with ExitStack() as stack:
        if report.report and not report.dry_run:
            require_place(Path(report.report))
            stack.push(_keep(Path(report.report), outcomes))
        if report.json:
            stack.push(lambda kind, error, trace: say_json(_document(outcomes, error)))
        stack.enter_context(logged(report.log_file, level=logging.ERROR if report.quiet else logging.WARNING))
        show = stack.enter_context(reporting(report.progress, quiet=report.quiet, moving=not report.dry_run))
        stop = stack.enter_context(Stop())
        teller = _Teller(show, as_it_is=report.progress == "json")
        with as_dvm_errors():
            outcomes += _run(shots, chosen, teller, stop, dry_run=report.dry_run)
    if not report.json and not report.quiet:
        print_table(_HEADS, _rows(outcomes), numbers=_NUMBERS)
    _raise_for(outcomes)


def _run(path: Path, chosen: LocalOptions, teller: _Teller, stop: Stop, *, dry_run: bool) -> list[Outcome]:
    from dvm_core.farm import batch as batches

    shots = [replace(shot, job=chosen.apply(shot.job)) for shot in batches.read(path)]
    return batches.run(
        shots,
        chosen.workers or default_workers(),
        load=keep_models(),
        tell=teller,
        cancelled=lambda: stop.requested,
        dry_run=dry_run,
    )


class _Teller:
    """Tells of all shots as of one job: programs get each event with its shot, people get frames counted together."""

    def __init__(self, show: Listener, *, as_it_is: bool) -> None:
        self._show = show
        self._as_it_is = as_it_is
        self._totals: dict[str, int] = {}
        self._done = 0

    def __call__(self, name: str, event: Event) -> None:
        """Take an event of a shot."""
        kind = event["event"]
        if kind == "plan":
            self._totals[name] = event["frames"]
        elif kind == "frame":
            self._done += 1
        named = protocol.log(f"{name}: {describe(event)}")
        log_event(named)
        if self._as_it_is:
            self._show(dict(event, shot=name))
        elif kind == "frame":
            self._show(dict(event, index=self._done, total=sum(self._totals.values())))
        elif kind in ("warning", "error"):
            self._show(protocol.warning(named["message"]))
        else:
            self._show(named)


def _document(outcomes: Sequence[Outcome], error: BaseException | None) -> dict[str, Any]:
    """What `--json` prints and a report holds; `error` is what kept the batch from being run."""
    shots = [
        {
            "name": outcome.name,
            "state": outcome.state,
            "code": 0 if outcome.fault is None else outcome.fault.exit_code,
            "message": "" if outcome.fault is None else outcome.fault.message,
            "frame": None if outcome.fault is None else outcome.fault.frame,
            "path": None if outcome.fault is None else outcome.fault.path,
            "frames": outcome.frames,
            "made": outcome.made,
            "kept": len(outcome.kept),
            "seconds": round(outcome.seconds, 3),
            "retries": outcome.retries,
            "warnings": list(outcome.warnings),
        }
        for outcome in outcomes
    ]
    if isinstance(error, DvmError):
        return {"state": "failed", "code": error.exit_code, "message": error.message, "shots": shots}
    code = next((shot["code"] for shot in shots if shot["code"]), 0)
    state = "failed" if code else shots[0]["state"] if shots else "cancelled"
    return {"state": state, "code": code, "message": "", "shots": shots}


def _rows(outcomes: Sequence[Outcome]) -> list[tuple[str, ...]]:
    return [
        (
            outcome.name,
            outcome.state,
            f"{outcome.made}/{outcome.frames}",
            str(len(outcome.kept)),
            duration(outcome.seconds),
            "" if outcome.fault is None else outcome.fault.message,
        )
        for outcome in outcomes
    ]


def _keep(file: Path, outcomes: list[Outcome]) -> ExitHandler:
    """Write the report, as the exit of a context."""

    def write(kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        document = _document(outcomes, error)
        lines = [f"dvm {__version__}: {document['state']} {document['message']}".rstrip()]
        if outcomes:
            lines.append(as_table(_HEADS, _rows(outcomes), numbers=_NUMBERS))
        lines += [f"{outcome.name}: warning: {warning}" for outcome in outcomes for warning in outcome.warnings]
        write_report(file, document, "\n".join(lines) + "\n", schema=BATCH_SCHEMA)

    return write


def _raise_for(outcomes: Sequence[Outcome]) -> None:
    """End with the code of the first shot, in the file's order, that is not done."""
    faults = [outcome for outcome in outcomes if outcome.fault is not None]
    if faults and faults[0].fault is not None:
        names = ", ".join(outcome.name for outcome in faults)
        kind: type[DvmError] = type(faults[0].fault)
        raise kind(f"{len(faults)} of {len(outcomes)} shots are not done: {names}; --resume goes on with them.")
