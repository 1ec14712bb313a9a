"""OpenCue: a script in pyoutline that submits the plan, and, where pyoutline is installed, the job as Cuebot reads it.

submit.py   `python submit.py` submits; `python submit.py --print` prints the job's XML and submits nothing
job.xml     that XML, if pyoutline is installed here
"""

from __future__ import annotations

import importlib.util
import json
import shlex
import subprocess
import sys
from pathlib import Path

from dvm_core.bridge.errors import OutputError, UsageError
from dvm_core.farm.documents import write_files
from dvm_core.farm.plan import FarmPlan
from dvm_core.farm.steps import Step, plain, render

SCRIPT, XML = "submit.py", "job.xml"

_RETRIES = 2
_FRAMES = "#FRAMESPEC#"

_PROGRAM = '''\
"""{name}: submit to OpenCue with pyoutline. `--print` prints the job's XML instead."""

import os
import sys

from outline import Outline
from outline.cuerun import OutlineLauncher
from outline.depend import DependType
from outline.modules.shell import Shell

NAME = {job}
RETRIES = {retries}
ENVIRONMENT = {environment}
LAYERS = {layers}


def make():
    """The job: a layer for each step, a step's layers after all of the one before it."""
    job = Outline(NAME, show=os.environ.get("SHOW", "testing"), shot=os.environ.get("SHOT", "dvm"))
    made = {{}}
    for wanted in LAYERS:
        layer = Shell(wanted["name"], env=ENVIRONMENT, **wanted["arguments"])
        for before in wanted["after"]:
            layer.depend_on(made[before], DependType.LayerOnLayer)
        made[wanted["name"]] = layer
        job.add_layer(layer)
    return job


launcher = OutlineLauncher(make(), backend="cue", os=os.environ.get("OL_OS", "linux"), maxretries=RETRIES)
if "--print" in sys.argv:
    print(launcher.serialize(use_pycuerun=False))
else:
    launcher.launch(use_pycuerun=False)
'''


def write(plan: FarmPlan, folder: Path, *, overwrite: bool = False) -> list[Path]:
    """Write a plan as an OpenCue job.

    Raises:
        UsageError: The plan's chunks are cut by time.
        OutputError: It cannot be written, or pyoutline refuses the job.
    """
    written = write_files(folder, {SCRIPT: script(plan)}, overwrite=overwrite)
    if importlib.util.find_spec("outline") is None:
        return written
    return [*written, *write_files(folder, {XML: serialised(folder / SCRIPT)}, overwrite=overwrite)]


def script(plan: FarmPlan) -> str:
    """The script that submits."""
    if plan.chunks.seconds:
        raise UsageError("OpenCue cuts chunks by frames only; give --chunk and no --target-seconds.")
    return _PROGRAM.format(
        name=plan.name,
        job=json.dumps(_plain_name(plan.name)),
        retries=_RETRIES,
        environment=json.dumps(dict(plan.pinned.environment), indent=4),
        layers=json.dumps(_layers(plan), indent=4),
    )


def serialised(path: Path) -> str:
    """The job's XML, as pyoutline makes it from the script.

    Raises:
        OutputError: pyoutline refuses it.
    """
    ran = subprocess.run([sys.executable, str(path), "--print"], capture_output=True, text=True, check=False)
    if ran.returncode:
        why = ran.stderr.strip().rpartition("\n")[2]
        raise OutputError(f"pyoutline cannot serialise {path}: {why}.", path=path)
    return ran.stdout


def _layers(plan: FarmPlan) -> list[dict[str, object]]:
    layers: list[dict[str, object]] = []
    names: dict[str, list[str]] = {"": []}
    for step in plan.steps:
        for task in step.tasks:
            name = _plain_name(step.name + (f" {task}" if len(step.tasks) > 1 else ""))
            names.setdefault(step.name, []).append(name)
            layers.append({"name": name, "arguments": _arguments(plan, step, task), "after": names[step.after]})
    return layers


def _arguments(plan: FarmPlan, step: Step, task: str) -> dict[str, object]:
    words = [plan.engine, *render(step.command, plain, _FRAMES if step.chunked else task)]
    arguments: dict[str, object] = {
        "command": [word if word.endswith(_FRAMES) else shlex.quote(word) for word in words],
        "range": plan.pinned.job.range if step.chunked else "1-1",
        "chunk": plan.chunks.frames if step.chunked else 1,
        "cores": step.need.threads,
        "memory": f"{-(-step.need.memory // (1 << 20))}m",
    }
    if step.need.gpu_memory:
        arguments |= {"gpus": 1, "gpu_memory": f"{-(-step.need.gpu_memory // (1 << 20))}m"}
    return arguments


def _plain_name(text: str) -> str:
    """A name as Cuebot takes it: letters, digits and underscores."""
    return "".join(letter if letter.isalnum() and letter.isascii() else "_" for letter in text)
