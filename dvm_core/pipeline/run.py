"""`run_job`: the main job from files to files."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from torch import nn

import dvm_core
from dvm_core import foreground
from dvm_core.bridge import protocol
from dvm_core.bridge.errors import Cancelled, DeviceError
from dvm_core.bridge.frames import format_range
from dvm_core.bridge.job import MatteJob
from dvm_core.bridge.protocol import Event
from dvm_core.io.plate import Plate
from dvm_core.model import weights
from dvm_core.model.correction import NO_CORRECTIONS, Correction, Corrections
from dvm_core.model.weight_file import Record
from dvm_core.pipeline.heap import give_back, keep_plates_out
from dvm_core.pipeline.inputs import Inputs
from dvm_core.pipeline.memory import REMEDY, MemoryPlan, is_out_of_memory
from dvm_core.pipeline.outputs import FOREGROUND_ATTRIBUTE, JOB_ATTRIBUTE, Finished, Outputs, job_hash
from dvm_core.pipeline.room import require
from dvm_core.pipeline.session import Matte, MattingSession
from dvm_core.pipeline.shot import Shot, open_shot, require_unknown
from dvm_core.pipeline.stream import ReadAhead, WriteBehind
from dvm_core.pipeline.windows import Span, spans

Emit = Callable[[Event], None]
Load = Callable[[str], nn.Module]
KEPT = "Kept, as nothing they were made from has changed: {}."
_NOTHING = np.empty((0, 0, 3), np.float32)


@dataclass
class MatteResult:
    """What a job did.

    Attributes:
        frames: Frame numbers that were computed and written.
        kept: Those that a resumed job found finished.
        outputs: The alphas of `frames`.
        seconds: Wall-clock time.
        warnings: What the user should know.
        plan: How much memory it takes at most.
    """

    frames: tuple[int, ...] = ()
    kept: tuple[int, ...] = ()
    outputs: tuple[str, ...] = ()
    seconds: float = 0.0
    warnings: tuple[str, ...] = ()
    plan: MemoryPlan | None = field(default=None, repr=False)


def run_job(
    job: MatteJob,
    *,
    emit: Emit = lambda event: None,
    cancelled: Callable[[], bool] = lambda: False,
    dry_run: bool = False,
    load: Load = weights.load,
) -> MatteResult:
    """Matte the frames of a job.

    Args:
        job: The job, paths resolved.
        emit: Receives every event (`bridge.protocol`) but `hello`, `error` and `cancelled`, one at a time.
        cancelled: Asked before each frame; when true the job ends, and what is finished stays.
        dry_run: Check everything and plan, but compute nothing.
        load: Gives the model of a name or file; another than `weights.load` may keep it between jobs.

    Returns:
        What was done; for a dry run the frames that would be.

    Raises:
        DvmError: With a sentence for the user; frames that were finished before stay.
    """
    keep_plates_out()
    try:
        return _Run(job, emit, cancelled, load).run(dry_run)
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        raise DeviceError(f"Memory ran out; {REMEDY}.") from error


class _Work(NamedTuple):
    """What a run has found out before it begins to compute."""

    shot: Shot
    inputs: Inputs
    outputs: Outputs
    pending: tuple[int, ...]
    queue: int


class _Run:
    """One job on its way."""

    def __init__(self, job: MatteJob, emit: Emit, cancelled: Callable[[], bool], load: Load) -> None:
        self._job = job
        self._load = load
        self._sink = emit
        self._lock = threading.Lock()
        self._cancelled = cancelled
        self._outputs: list[str] = []
        self._warnings: list[str] = []

    def run(self, dry_run: bool) -> MatteResult:
        started = time.perf_counter()
        job, settings = self._job, self._job.settings
        with MattingSession(
            self._load(job.model),
            settings.device,
            settings.precision,
            settings.threads,
            settings.tile,
            settings.reduce,
            settings.max_memory,
        ) as session:
            shot = open_shot(job, session.window, say=self._warn)
            plan = session.plan(shot.size, len(shot.frames), settings, corrects=bool(shot.corrected.frames))
            inputs = Inputs(shot, session, self._warn)
            outputs = Outputs(job, self._attributes(session, shot, plan))
            pending = outputs.pending(shot, inputs)
            self._announce(session, shot, plan, pending)
            self._check_room(outputs, pending, shot.size)
            if not dry_run:
                require_unknown(job, shot, inputs.trimap)
                with outputs.claimed(pending):
                    # Somebody else may have finished some of them between the look and the claim.
                    pending = outputs.pending(shot, inputs)
                    self._matte(session, _Work(shot, inputs, outputs, pending, plan.queue))
        kept = tuple(sorted(set(shot.wanted) - set(pending)))
        seconds = time.perf_counter() - started
        if not dry_run:
            self._emit(protocol.done(len(pending), seconds, self._outputs))
        return MatteResult(pending, kept, tuple(self._outputs), seconds, tuple(self._warnings), plan)

    @cached_property
    def _record(self) -> Record:
        """What the model's file says about itself; read once."""
        return weights.info(self._job.model)

    def _emit(self, event: Event) -> None:
        with self._lock:  # the writer's thread reports frames, this one all else
            self._sink(event)

    def _attributes(self, session: MattingSession, shot: Shot, plan: MemoryPlan) -> dict[str, str]:
        compute = session.compute
        made_by = {
            "dvm:model": f"{self._record.architecture} {self._record.sha256[:16]}".strip(),
            "dvm:version": dvm_core.__version__,
            "dvm:device": compute.device.type,
            "dvm:kernels": compute.kernels,
            "dvm:precision": compute.precision,
            "dvm:reduce": str(plan.divisor),
            "dvm:colorspace": shot.plate.colorspace.name,
        }
        solver = foreground.solver(compute.device.type)
        if self._job.settings.fg and solver != foreground.solver("cpu"):
            made_by[FOREGROUND_ATTRIBUTE] = solver
        return made_by | {JOB_ATTRIBUTE: job_hash(self._job, made_by | {"tile": str(plan.tile)})}

    def _announce(self, session: MattingSession, shot: Shot, plan: MemoryPlan, pending: Sequence[int]) -> None:
        compute = session.compute
        kept = sorted(set(shot.wanted) - set(pending))
        self._emit(
            protocol.plan(
                pending,
                kept=format_range(kept),
                model=self._job.model,
                device=str(compute.device),
                kernels=compute.kernels,
                precision=compute.precision,
                colorspace=str(shot.plate.colorspace),
                tile=plan.tile,
                memory_bytes=plan.need,
            )
        )
        self._emit(protocol.log(f"Memory plan: {plan}."))
        if kept:
            self._emit(protocol.log(KEPT.format(format_range(kept))))
        for warning in shot.warnings:
            self._warn(warning)
        # Where the job has corrections of its own, those that the model learnt are not carried.
        if not self._job.corrected and (warning := shot.keys.unlike(self._record.training)):
            self._warn(f"The model {self._job.model} {warning}")

    def _check_room(self, outputs: Outputs, pending: Sequence[int], size: tuple[int, int]) -> None:
        for room in outputs.room(pending, size):
            self._emit(protocol.log(f"Disk plan: {room}."))
            if warning := require(room, compressed=outputs.compressed):
                self._warn(warning)

    def _warn(self, message: str, frame: int | None = None) -> None:
        self._warnings.append(message)
        self._emit(protocol.warning(message, frame=frame))

    def _correct(self, session: MattingSession, work: _Work) -> None:
        """Tell the session what was put right by hand, as against what it makes of these frames itself."""
        frames = work.shot.corrected.around(work.pending)
        if not frames:
            return
        self._emit(protocol.log(f"Put right by hand: {format_range(frames)}; looking at what changed there."))
        session.corrections = NO_CORRECTIONS
        session.corrections = Corrections(
            Correction(plate.frame, matte.alpha, work.inputs.corrected(plate.frame))
            for span in spans(work.shot.frames, frames, session.window)
            for matte, plate in self._mattes(session, work, span)
        )

    def _matte(self, session: MattingSession, work: _Work) -> None:
        self._correct(session, work)
        clock = time.perf_counter()

        def write(finished: Finished) -> None:
            nonlocal clock
            work.outputs.write(finished)
            path = str(work.outputs.path(finished.frame))
            self._outputs.append(path)
            now = time.perf_counter()
            clock, seconds = now, now - clock
            count = len(self._outputs)
            self._emit(protocol.frame(finished.frame, seconds, path, index=count, total=len(work.pending)))

        with WriteBehind(write, work.queue) as writer:
            for span in spans(work.shot.frames, work.pending, session.window):
                for matte, plate in self._mattes(session, work, span):
                    name = work.inputs.name(matte.frame)
                    writer.put(Finished(matte.frame, matte.alpha, plate.linear, plate.linear_space, plate.header, name))
                    give_back()

    def _mattes(self, session: MattingSession, work: _Work, span: Span) -> Iterator[tuple[Matte, Plate]]:
        """The mattes of one run of neighbouring frames, with what outputs need of their plates."""
        waiting: dict[int, Plate] = {}
        with ReadAhead(map(work.inputs.read, span.frames), work.queue) as frames:
            for plate, trimap, keys in frames:
                self._stop_if_cancelled()
                wanted = plate.frame in span.wanted
                if wanted:  # the session keeps the display-referred pixels as long as it needs them
                    waiting[plate.frame] = plate._replace(display=_NOTHING)
                for matte in session.push(plate.display, trimap, frame=plate.frame, wanted=wanted, keys=keys):
                    yield matte, waiting.pop(matte.frame)
        self._stop_if_cancelled()
        for matte in session.remaining():
            yield matte, waiting.pop(matte.frame)
            if waiting:
                self._stop_if_cancelled()

    def _stop_if_cancelled(self) -> None:
        if self._cancelled():
            raise Cancelled("Cancelled; finished frames stay, and --resume goes on from them.")
