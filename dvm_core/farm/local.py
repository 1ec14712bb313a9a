"""The plan on this machine: some processes that keep their model loaded share the tasks of one or many shots.

A process that dies takes its task with it and nothing else: the task is begun again in a new process, and keeps the
frames that were finished.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch

from dvm_core.bridge import errors, protocol
from dvm_core.bridge.amounts import in_words
from dvm_core.bridge.client import Worker
from dvm_core.bridge.environment import engine_environment
from dvm_core.bridge.errors import Cancelled, DeviceError, DvmError
from dvm_core.bridge.frames import format_range, parse_range
from dvm_core.bridge.protocol import Event
from dvm_core.farm.plan import MATTE, FarmPlan
from dvm_core.farm.shares import Progress, Shares, Task
from dvm_core.farm.steps import plain, render
from dvm_core.ops.device import gpus
from dvm_core.pipeline import memory
from dvm_core.pipeline.run import KEPT

Tell = Callable[[int, Event], None]
"""Receives the position of a plan and an event of it, one at a time."""

_LOOK = 0.05  # seconds between looks at a task's events


@dataclass(frozen=True)
class Outcome:
    """What became of a plan.

    Attributes:
        name: The plan's.
        fault: What stopped it or was wrong with it, first thing first; None if all is well.
        frames: Frames that it was to write.
        made: Those that were computed.
        kept: Those that were there already, made from the same.
        seconds: From the first task to the last.
        retries: Tasks that were begun again.
        warnings: What the user should know.
        planned_only: Whether nothing was to be computed.
    """

    name: str
    fault: DvmError | None
    frames: int
    made: int
    seconds: float
    retries: int = 0
    warnings: tuple[str, ...] = ()
    kept: tuple[int, ...] = ()
    planned_only: bool = False

    @property
    def state(self) -> str:
        """`done`, `failed`, `cancelled`, or `planned` where nothing was to be computed."""
        if self.fault is not None:
            return "cancelled" if isinstance(self.fault, Cancelled) else "failed"
        return "planned" if self.planned_only else "done"


def threads_each(workers: int) -> int:
    """Threads for each of some processes, so that together they take this machine."""
    return max(1, (os.cpu_count() or 1) // workers)


def run(
    plans: Sequence[FarmPlan],
    workers: int,
    *,
    tell: Tell = lambda shot, event: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> list[Outcome]:
    """Run some plans to their end.

    Args:
        plans: Shots that share the machine.
        workers: Processes.
        tell: Receives events: `plan`, `frame`, `warning`, `log`, and of each plan one `done`, `error` or `cancelled`.
        cancelled: Asked now and then; when true the frames in work are finished and nothing more is begun.

    Returns:
        What became of each plan, in their order.

    Raises:
        DeviceError: The memory is not enough for so many processes.
    """
    _require_memory(plans, workers)
    return _Run(plans, tell, cancelled).run(workers)


def only_plan(
    plans: Sequence[FarmPlan],
    workers: int,
    *,
    tell: Tell,
    cancelled: Callable[[], bool] = lambda: False,
) -> list[Outcome]:
    """What `run` would do: its checks and plans, but no frame.

    Raises:
        DeviceError: The memory is not enough for so many processes.
    """
    _require_memory(plans, workers)
    for index, plan in enumerate(plans):
        tell(index, plan_event(plan))
    return [
        Outcome(plan.name, None, len(plan.frames), 0, 0.0, warnings=plan.pinned.warnings, planned_only=True)
        for plan in plans
    ]


class _Run:
    """Some plans on their way."""

    def __init__(self, plans: Sequence[FarmPlan], tell: Tell, cancelled: Callable[[], bool]) -> None:
        self._shares = Shares(plans)
        self._tell = tell
        self._cancelled = cancelled
        self._lock = threading.Lock()
        self._made = [0] * len(plans)
        self._outputs: list[list[str]] = [[] for _ in plans]
        self._kept: list[set[int]] = [set() for _ in plans]
        self._warnings: list[list[str]] = [list(plan.pinned.warnings) for plan in plans]
        self._began = time.perf_counter()
        self._ended = [self._began] * len(plans)

    def run(self, workers: int) -> list[Outcome]:
        for index, shot in enumerate(self._shares.shots):
            self._say(index, plan_event(shot.plan))
        hands = [
            threading.Thread(target=self._work, args=(number,), name=f"dvm-local-{number}") for number in range(workers)
        ]
        for hand in hands:
            hand.start()
        for hand in hands:
            while hand.is_alive():  # so that a signal is seen by this thread
                hand.join(0.2)
                if self._cancelled():
                    self._shares.close()
        return [self._outcome(index, shot) for index, shot in enumerate(self._shares.shots)]

    def _work(self, number: int) -> None:
        """One process, for as long as there are tasks."""
        engine = _Engine(number)
        try:
            while (task := self._shares.take()) is not None:
                fault = self._do(task, engine)
                self._ended[task.shot] = time.perf_counter()
                self._shares.finish(task, fault)
        finally:
            engine.stop()

    def _do(self, task: Task, engine: _Engine) -> DvmError | None:
        plan = self._shares.shots[task.shot].plan
        try:
            if task.step.name == MATTE:
                self._matte(task, engine.worker(plan))
            else:
                self._command(task, plan)
        except DvmError as fault:
            if not isinstance(fault, Cancelled):
                self._say(task.shot, protocol.log(f"{task.step.name} {task.frames}: {fault.message}"))
            return fault
        return None

    def _matte(self, task: Task, worker: Worker) -> None:
        """A chunk, in a process that keeps its model."""
        plan = self._shares.shots[task.shot].plan
        running = worker.run(replace(plan.job, range=task.frames))
        asked = False
        while not running.finished:
            if not asked and self._cancelled():
                running.cancel()
                asked = True
            for event in running.poll():
                self._heard(task, event)
            time.sleep(_LOOK)
        for event in running.poll():
            self._heard(task, event)
        _raise_for(running.last)

    def _heard(self, task: Task, event: Event) -> None:
        kind = event["event"]
        plan = self._shares.shots[task.shot].plan
        if kind == "plan" and not task.tries:  # one that is begun again keeps what was made just now
            self._kept[task.shot].update(parse_range(event["kept"]) if event["kept"] else ())
        elif kind == "frame":
            with self._lock:
                self._made[task.shot] += 1
                made = self._made[task.shot]
                self._outputs[task.shot].append(event["path"])
            told = protocol.frame(event["frame"], event["seconds"], event["path"], index=made, total=len(plan.frames))
            self._say(task.shot, told)
        elif kind == "warning" and event["message"] not in self._warnings[task.shot]:
            self._warnings[task.shot].append(event["message"])
            self._say(task.shot, protocol.warning(event["message"], frame=event["frame"], path=event["path"]))

    def _command(self, task: Task, plan: FarmPlan) -> None:
        """Another step, in a process of its own; its last line says what went wrong."""
        words = render(task.step.command, plain, task.frames)
        words = [word.replace("--progress=openjd", "--progress=json") for word in words]
        ran = subprocess.Popen(
            [sys.executable, "-I", "-m", "dvm_core.cli", "--stop-with-stdin", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=engine_environment(plan.pinned.environment),
        )
        # It lasts as long as this process, whatever ends that; `communicate` would close it at once.
        held, ran.stdin = ran.stdin, None
        asked = False
        while True:
            try:
                out, err = ran.communicate(timeout=_LOOK * 4)
                break
            except subprocess.TimeoutExpired:
                if not asked and self._cancelled():  # a second time would cut its farewell short
                    ran.terminate()
                    asked = True
        if held is not None:
            held.close()
        if ran.returncode:
            raise _fault_of(ran.returncode, out, err)

    def _say(self, shot: int, event: Event) -> None:
        with self._lock:
            self._tell(shot, event)

    def _outcome(self, index: int, shot: Progress) -> Outcome:
        seconds = self._ended[index] - self._began
        fault = shot.faults[0] if shot.faults else None
        kept = tuple(sorted(self._kept[index]))
        if kept:
            self._say(index, protocol.log(KEPT.format(format_range(kept))))
        if fault is None:
            self._say(index, protocol.done(self._made[index], seconds, sorted(self._outputs[index])))
        else:
            self._say(index, protocol.cancelled() if isinstance(fault, Cancelled) else protocol.error(fault))
        plan = shot.plan
        warnings = tuple(self._warnings[index])
        return Outcome(plan.name, fault, len(plan.frames), self._made[index], seconds, shot.retries, warnings, kept)


class _Engine:
    """A worker with the environment that a plan asks for; another environment needs another process."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._worker: Worker | None = None
        self._environment: dict[str, str] = {}

    def worker(self, plan: FarmPlan) -> Worker:
        wanted = dict(plan.pinned.environment) | self._gpu(plan)
        if self._worker is None or wanted != self._environment:
            self.stop()
            self._worker, self._environment = Worker(python=sys.executable, environment=wanted), wanted
        return self._worker

    def stop(self) -> None:
        if self._worker is not None:
            self._worker.stop()
            self._worker = None

    def _gpu(self, plan: FarmPlan) -> dict[str, str]:
        """Processes are spread over the GPUs there are."""
        count = gpus() if plan.job.settings.device == "cuda" else 0
        if count < 2:
            return {}
        seen = os.environ.get("CUDA_VISIBLE_DEVICES", ",".join(map(str, range(count)))).split(",")
        return {"CUDA_VISIBLE_DEVICES": seen[self._number % len(seen)]}


def _require_memory(plans: Sequence[FarmPlan], workers: int) -> None:
    need = max((plan.pinned.memory.need for plan in plans), default=0)
    on_gpu = any(plan.job.settings.device == "cuda" for plan in plans)
    there = memory.available(torch.device("cuda" if on_gpu else "cpu")) * (max(1, gpus()) if on_gpu else 1)
    if need * workers <= there:
        return
    asked, free = in_words(need * workers), in_words(there)
    most = there // need
    remedy = f"use --workers {most}" if most else "set max_memory in the job lower, so that smaller tiles are planned"
    raise DeviceError(f"{workers} processes of this job need {asked}, but only {free} are free; {remedy}.")


def plan_event(plan: FarmPlan) -> Event:
    """A plan as the event that begins it."""
    pinned, settings = plan.pinned, plan.pinned.job.settings
    return protocol.plan(
        plan.frames,
        model=pinned.job.model,
        device=settings.device,
        kernels=pinned.kernels,
        precision=settings.precision,
        colorspace=str(pinned.shot.plate.colorspace),
        tile=pinned.memory.tile,
        memory_bytes=pinned.memory.need,
    )


_KINDS = {
    kind.exit_code: kind
    for kind in (
        DvmError,
        errors.UsageError,
        errors.InputError,
        errors.DeviceError,
        errors.ModelError,
        errors.OutputError,
        Cancelled,
    )
}


def _raise_for(last: Event | None) -> None:
    """Raise what ended a task, unless it is done."""
    if last is None or last["event"] == "done":
        return
    if last["event"] == "cancelled":
        raise Cancelled("Cancelled; finished frames stay, and --resume goes on from them.")
    raise _KINDS.get(last["code"], DvmError)(last["message"], frame=last["frame"], path=last["path"])


def _fault_of(code: int, out: str, err: str) -> DvmError:
    """What a command's process said about its end."""
    for line in reversed(out.splitlines()):
        event = _event(line)
        if event.get("event") == "error":
            return _KINDS.get(code, DvmError)(event["message"], frame=event["frame"], path=event["path"])
    said = err.strip().rpartition("\n")[2].removeprefix("dvm: ")
    return _KINDS.get(code, DvmError)(said or f"A process ended with code {code} and said nothing.")


def _event(line: str) -> Event:
    try:
        event = json.loads(line)
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}
