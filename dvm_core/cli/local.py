"""`dvm farm run-local`: the farm's plan on this machine; and what it shares with `dvm batch`."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil
from typing import Annotated, Any

import typer

from dvm_core.bridge.errors import UsageError
from dvm_core.bridge.job import MatteJob
from dvm_core.bridge.protocol import Event
from dvm_core.cli import runner
from dvm_core.cli.options import ReportOptions

_CORES_EACH = 4  # a process gains little from more


@dataclass(frozen=True)
class LocalOptions:
    """How this machine is shared."""

    workers: Annotated[
        int,
        typer.Option("--workers", metavar="N", min=0, help="Processes; else by cores and GPUs.", show_default=False),
    ] = 0
    resume: Annotated[bool, typer.Option("--resume", help="Keep output frames that are there.")] = False
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Write output frames that are there again.")] = False

    def apply(self, job: MatteJob) -> MatteJob:
        """A job with what these options say about frames that are there."""
        if self.resume and self.overwrite:
            raise UsageError("--resume keeps finished frames and --overwrite replaces them; give one of the two.")
        if not self.resume and not self.overwrite:
            return job
        existing = "resume" if self.resume else "overwrite"
        return replace(job, settings=replace(job.settings, existing=existing))


def run_local(
    job: Annotated[str, typer.Argument(metavar="JOB", help="A job file, or a job directory with its job.json.")],
    chosen: LocalOptions,
    report: ReportOptions,
    chunk: Annotated[
        int, typer.Option("--chunk", metavar="N", min=0, help="Frames in a chunk; else by workers.", show_default=False)
    ] = 0,
) -> None:
    """Run a farm job on this machine: processes that keep their model share its chunks."""

    def work(emit: Callable[[Event], None], cancelled: Callable[[], bool]) -> None:
        from dvm_core.farm import local
        from dvm_core.farm.plan import Chunks, plan

        workers = chosen.workers or default_workers()
        loaded = chosen.apply(MatteJob.load(job))
        settings = replace(loaded.settings, threads=loaded.settings.threads or local.threads_each(workers))
        planned = plan(replace(loaded, settings=settings))
        size = chunk or min(planned.chunks.frames, ceil(len(planned.frames) / workers))
        planned = replace(planned, chunks=Chunks(size))
        if report.dry_run:
            emit(local.plan_event(planned))
            return

        def tell(_: int, event: Event) -> None:
            if event["event"] not in ("error", "cancelled"):  # said when it is raised
                emit(event)

        (outcome,) = local.run([planned], workers, tell=tell, cancelled=cancelled)
        if outcome.fault is not None:
            raise outcome.fault

    runner.perform(work, report)


def default_workers() -> int:
    """A process for each GPU; without one, for every few cores."""
    from dvm_core.ops.device import gpus

    return gpus() or max(1, (os.cpu_count() or 1) // _CORES_EACH)


def keep_models() -> Callable[[str], Any]:
    """A loader that reads each model once, whoever asks; for planning, which only looks at it."""
    from dvm_core.model import weights

    lock, kept = threading.Lock(), {}

    def load(name: str) -> Any:
        with lock:
            if name not in kept:
                kept[name] = weights.load(name)
            return kept[name]

    return load
