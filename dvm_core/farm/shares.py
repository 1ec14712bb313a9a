"""Who works next: tasks of many plans, handed out so that no shot starves another."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from dvm_core.bridge.errors import Cancelled, DvmError, InputError
from dvm_core.bridge.frames import parse_range
from dvm_core.farm.plan import QC, FarmPlan, cut
from dvm_core.farm.steps import Step

TRIES = 3
"""How often a task is begun whose process died."""


class Task(NamedTuple):
    """A piece of work for one process.

    Attributes:
        shot: Position of its plan.
        step: Its step.
        frames: Its frames, as a range.
        tries: How often it was begun before.
    """

    shot: int
    step: Step
    frames: str
    tries: int = 0


@dataclass
class Progress:
    """How far a plan is.

    Attributes:
        plan: The plan.
        given: Frames handed out so far, those of the step that runs.
        faults: What went wrong, in the order in which it did.
        retries: Tasks that were begun again.
    """

    plan: FarmPlan
    steps: deque[Step]
    waiting: deque[Task] = field(default_factory=deque)
    running: int = 0
    given: int = 0
    faults: list[DvmError] = field(default_factory=list)
    retries: int = 0


class Shares:
    """Hands out the tasks of some plans, each step of a plan after the one before it; safe to use from many threads.

    A shot's next task is the one of the shot that has been given the fewest frames: so a long shot never keeps a short
    one waiting.

    Args:
        plans: In the order in which they begin.
    """

    def __init__(self, plans: Sequence[FarmPlan]) -> None:
        self.shots = [Progress(plan, deque(plan.steps)) for plan in plans]
        self._changed = threading.Condition()
        self._closed = False
        for index in range(len(self.shots)):
            self._advance(index)

    def take(self) -> Task | None:
        """The next task; waits while others run that it depends on. None when nothing is left."""
        with self._changed:
            while True:
                if self._closed:
                    return None
                ready = [index for index, shot in enumerate(self.shots) if shot.waiting]
                if ready:
                    shot = self.shots[min(ready, key=lambda index: (self.shots[index].given, index))]
                    task = shot.waiting.popleft()
                    shot.running += 1
                    shot.given += len(parse_range(task.frames))
                    return task
                if not any(shot.running for shot in self.shots):
                    return None
                self._changed.wait()

    def finish(self, task: Task, fault: DvmError | None) -> None:
        """Tell how a task that was taken ended.

        Args:
            task: The task.
            fault: What went wrong, or None.
        """
        with self._changed:
            shot = self.shots[task.shot]
            shot.running -= 1
            if fault is not None and fault.exit_code == DvmError.exit_code and task.tries + 1 < TRIES:
                shot.retries += 1
                shot.waiting.append(task._replace(tries=task.tries + 1))
            elif fault is not None:
                shot.faults.append(fault)
                if not isinstance(fault, InputError):  # a bad frame spoils its neighbours, anything else the shot
                    shot.waiting.clear()
            self._advance(task.shot)
            self._changed.notify_all()

    def close(self) -> None:
        """Hand out nothing more; what has not begun counts as cancelled."""
        with self._changed:
            self._closed = True
            for shot in self.shots:
                if (shot.waiting or shot.steps or shot.running) and not shot.faults:
                    shot.faults.append(Cancelled("Cancelled; finished frames stay, and --resume goes on from them."))
            self._changed.notify_all()

    def _advance(self, index: int) -> None:
        """Begin the next step of a plan whose last one is finished; a plan with a fault ends there."""
        shot = self.shots[index]
        while shot.steps and not shot.waiting and not shot.running and not shot.faults:
            step = shot.steps.popleft()
            pieces = cut(shot.plan.frames, shot.plan.chunks.frames) if step.chunked else step.tasks
            shot.waiting.extend(Task(index, step, frames) for frames in pieces)
            if step.name == QC:
                shot.given = 0  # a look at a finished shot is quick, and its maker waits for it
