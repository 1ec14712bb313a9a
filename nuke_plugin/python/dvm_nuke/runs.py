"""Jobs on their way. Each run has a thread of its own, so that Nuke goes on; nodes wait for the engine in turn."""

import threading
import time
import traceback
from typing import Dict, List, Optional

import nuke

from . import engine, prepare, result
from .bridge.client import Task
from .bridge.errors import DvmError
from .bridge.protocol import Event, in_one_line
from .host import find, in_main_thread, management, unrecorded
from .panel import Panel
from .prepare import ViewJob

_POLL = 0.1  # seconds between two looks at the engine

_running: "Dict[str, Run]" = {}
"""Runs by the identity of their node; touched in the main thread alone."""


def running(identity: str) -> "Optional[Run]":
    """The run of a node, if there is one."""
    return _running.get(identity)


def start(panel: Panel, jobs: List[ViewJob]) -> None:
    """Hand a node's jobs to the engine; returns at once, but in a Nuke without a window only when they are done."""
    run = Run(panel, jobs)
    _running[panel.identity] = run
    if nuke.GUI:
        threading.Thread(target=run.follow, name=f"DVM {panel.name}", daemon=True).start()
    else:
        run.follow()


def show_status(group: nuke.Group, text: str) -> None:
    """Write a node's status line."""
    with unrecorded():
        group["status"].setValue(text)


class Run:
    """One node's jobs, view after view."""

    def __init__(self, panel: Panel, jobs: List[ViewJob]) -> None:
        self._panel = panel
        self._jobs = jobs
        self._worker = engine.worker(management().config)
        self._cancelled = threading.Event()
        self._warnings: List[str] = []

    def cancel(self) -> None:
        """Stop within a frame; what is finished stays."""
        self._cancelled.set()

    def follow(self) -> None:
        """See the jobs through, and tell the node how they ended."""
        progress = nuke.ProgressTask(f"DVM {self._panel.name}")
        outcome, failed = "", False
        try:
            for index, view_job in enumerate(self._jobs):
                last = self._follow_one(self._worker.run(view_job.job), progress, index)
                if last["event"] != "done":
                    outcome, failed = _ending(last), last["event"] == "error"
                    break
        except DvmError as error:
            outcome, failed = error.message, True
        except Exception as error:  # nobody waits for this thread, so a fault of ours must be told here
            traceback.print_exc()
            outcome, failed = f"A fault of the plug-in, {error!r}; the terminal has more.", True
        finally:
            del progress  # closes the bar
            in_main_thread(self._finish, outcome, failed)

    def _follow_one(self, task: Task, progress: nuke.ProgressTask, index: int) -> Event:
        asked = False
        while True:
            over = task.last
            for event in task.poll():
                self._show(event, progress, index)
            if over is not None:
                self._warnings += task.warnings
                return over
            if not asked and (self._cancelled.is_set() or progress.isCancelled()):
                task.cancel()
                asked = True
            time.sleep(_POLL)

    def _show(self, event: Event, progress: nuke.ProgressTask, index: int) -> None:
        if event["event"] == "plan":
            progress.setMessage("{model} on {device}, {precision}".format(**event))
        elif event["event"] == "frame":
            done = (index + event["index"] / event["total"]) / len(self._jobs)
            progress.setProgress(int(100 * done))
            self._say("Frame {frame}: {index} of {total}.".format(**event))
        elif event["event"] == "warning":
            self._say(event["message"])

    def _say(self, text: str) -> None:
        in_main_thread(_say, self._panel.identity, text)

    def _finish(self, outcome: str, failed: bool) -> None:
        """In the main thread: the node may have been deleted, renamed or closed meanwhile."""
        del _running[self._panel.identity]
        prepare.clean_up(self._jobs)
        for warning in self._warnings:
            nuke.tprint(f"{self._panel.name}: {warning}")
        group = find(self._panel.identity)
        if group is not None:
            warned = f"Warning: {in_one_line(self._warnings)}" if self._warnings else ""
            said = (outcome, result.attach(group, self._panel), warned)
            show_status(group, " ".join(part for part in said if part))
        if failed:
            report(f"{self._panel.name}: {outcome}")


def report(sentence: str) -> None:
    """Tell the artist what went wrong."""
    if nuke.GUI:
        nuke.message(sentence)
    else:
        nuke.tprint(sentence)


def _say(identity: str, text: str) -> None:
    group = find(identity)
    if group is not None and identity in _running:
        show_status(group, text)


def _ending(last: Event) -> str:
    return "Cancelled." if last["event"] == "cancelled" else str(last["message"])
