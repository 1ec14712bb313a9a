"""`--report`: what a job did, as JSON for machines and as text for people, written at its end whatever the end was."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from dvm_core import __version__
from dvm_core.bridge.errors import OutputError
from dvm_core.bridge.frames import format_range
from dvm_core.cli.phrases import duration
from dvm_core.whole_file import write_text

SCHEMA = "dvm-report/1"
BATCH_SCHEMA = "dvm-batch-report/1"
_SLOWEST = 3
_LOG = logging.getLogger("dvm_core.report")

ExitHandler = Callable[[type[BaseException] | None, BaseException | None, TracebackType | None], None]
"""What `contextlib.ExitStack.push` takes."""


def write(file: Path, summary: dict[str, Any], text: str, *, schema: str = SCHEMA) -> None:
    """Write a report, and beside it the same as text, with the ending `.txt`; that it cannot be is only logged.

    Args:
        file: Where the JSON goes.
        summary: What `--json` prints.
        text: The same for people.
        schema: Of the document.
    """
    document = {"schema": schema, "version": __version__, **summary}
    try:
        write_text(file, json.dumps(document, indent=1) + "\n")
        write_text(_text_of(file), text)
    except OutputError as fault:
        # The work is done, and its result more than its report.
        _LOG.warning("The report %s", fault.message)


def as_text(summary: dict[str, Any]) -> str:
    """A summary in lines for people."""
    seconds = {int(frame): taken for frame, taken in summary["seconds_of"].items()}
    lines = [f"dvm {__version__}: {summary['state']}"]
    if summary.get("message"):
        lines.append(f"why        {summary['message']}")
    if seconds:
        total = summary.get("seconds") or sum(seconds.values())
        lines.append(f"computed   {format_range(seconds)} ({len(seconds)} frames, {duration(total)})")
        slowest = sorted(seconds, key=lambda frame: -seconds[frame])[:_SLOWEST]
        lines.append("slowest    " + ", ".join(f"{frame} ({seconds[frame]:.1f} s)" for frame in slowest))
    if plan := summary["plan"]:
        # Where others compute, only they see what is kept: it is what was planned and not computed.
        rest = plan["frames"] - len(seconds) if summary["state"] == "done" else 0
        lines.append(f"kept       {plan.get('kept') or (f'{rest} frames' if rest else 'none')}")
        lines.append(f"with       {plan['model']} on {plan['device']} ({plan['kernels']}, {plan['precision']})")
    if summary["outputs"]:
        lines.append(f"written    {summary['outputs'][0]} to {summary['outputs'][-1]}")
    lines.append(f"warnings   {len(summary['warnings']) or 'none'}")
    lines += [f"  {warning}" for warning in summary["warnings"]]
    return "\n".join(lines) + "\n"


def _text_of(file: Path) -> Path:
    return file.with_suffix(".txt") if file.suffix != ".txt" else file.with_suffix(".report.txt")
