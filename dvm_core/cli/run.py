"""`dvm run`: a job from its document, as hosts and farms call it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dvm_core.bridge.job import MatteJob
from dvm_core.bridge.jobdir import JobDirectory
from dvm_core.cli import runner
from dvm_core.cli.options import ReportOptions


def run(
    job: Annotated[str, typer.Argument(metavar="JOB", help="A job file, or a job directory with its job.json.")],
    report: ReportOptions,
) -> None:
    """Run a job file, or a job directory: its status.json and events.jsonl follow, its cancel file stops it."""
    directory = JobDirectory(job) if Path(job).is_dir() and not report.dry_run else None
    runner.run(lambda: MatteJob.load(job), report, directory)
