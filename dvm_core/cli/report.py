"""`--report`: what a job did, as JSON for machines and as text for people, written at its end whatever the end was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dvm_core import __version__
from dvm_core.bridge.frames import format_range
from dvm_core.cli.phrases import duration
from dvm_core.whole_file import write_text

SCHEMA = "dvm-report/1"
_SLOWEST = 3


def write(file: Path, summary: dict[str, Any]) -> None:
    """Write the report, and beside it the same as text, with the ending `.txt`.

    Args:
        file: Where the JSON goes.
        summary: What `--json` prints.
    """
    document = {"schema": SCHEMA, "version": __version__, **summary}
    write_text(file, json.dumps(document, indent=1) + "\n")
    write_text(_text_of(file), as_text(summary))


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
        lines.append(f"kept       {plan.get('kept') or 'none'}")
        lines.append(f"with       {plan['model']} on {plan['device']} ({plan['kernels']}, {plan['precision']})")
    if summary["outputs"]:
        lines.append(f"written    {summary['outputs'][0]} to {summary['outputs'][-1]}")
    lines.append(f"warnings   {len(summary['warnings']) or 'none'}")
    lines += [f"  {warning}" for warning in summary["warnings"]]
    return "\n".join(lines) + "\n"


def _text_of(file: Path) -> Path:
    return file.with_suffix(".txt") if file.suffix != ".txt" else file.with_suffix(".report.txt")
