"""Open Job Description: the plan as a bundle that `openjd run` runs and that farm managers take.

template.yaml           the job template (specification 2023-09, extension TASK_CHUNKING)
parameters.yaml         the job's paths; a template may not hold absolute ones. `openjd run -p file://...`
asset_references.yaml   the files that are read and the folders that are written
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dvm_core import __version__
from dvm_core.farm.documents import as_yaml, write_files
from dvm_core.farm.plan import FarmPlan
from dvm_core.farm.steps import NUMBER, PATH, Need, Parameter, Step, render

TEMPLATE, PARAMETERS, ASSETS = "template.yaml", "parameters.yaml", "asset_references.yaml"

_MEBIBYTE = 1 << 20
_GRACE = 120  # seconds from the request to stop until a task is killed; a frame ends in that time
_ENGINE, _CHUNK, _SECONDS = "Engine", "ChunkSize", "TargetSeconds"
_TASK = "Frames"


def write(plan: FarmPlan, folder: Path, *, overwrite: bool = False) -> list[Path]:
    """Write a plan as a bundle.

    Args:
        plan: The plan.
        folder: The bundle's.
        overwrite: Whether a bundle may be there.

    Raises:
        OutputError: It cannot be written.
    """
    return write_files(folder, files(plan), overwrite=overwrite)


def files(plan: FarmPlan) -> dict[str, str]:
    """The files of a bundle, by name."""
    paths = {parameter.name: parameter.value for parameter in parameters(plan) if parameter.kind == PATH}
    return {TEMPLATE: as_yaml(template(plan)), PARAMETERS: as_yaml(paths), ASSETS: as_yaml(assets(plan))}


def template(plan: FarmPlan) -> dict[str, Any]:
    """The job template."""
    return {
        "specificationVersion": "jobtemplate-2023-09",
        "extensions": ["TASK_CHUNKING"],
        "name": plan.name,
        "description": f"Written by dvm {__version__}.",
        "parameterDefinitions": [_definition(parameter) for parameter in parameters(plan)],
        "jobEnvironments": [_environment(plan)],
        "steps": [_step(step) for step in plan.steps],
    }


def parameters(plan: FarmPlan) -> tuple[Parameter, ...]:
    """The plan's parameters, and those that only a farm manager needs."""
    chunks = plan.chunks
    found = [
        *plan.parameters,
        Parameter(_ENGINE, "STRING", plan.engine, "The engine's command on the farm's machines."),
        Parameter(_CHUNK, NUMBER, str(chunks.frames), "Frames in a chunk."),
        Parameter(_SECONDS, NUMBER, str(chunks.seconds), "Seconds that a chunk should take; 0 for chunks of one size."),
    ]
    if _colour_file(plan):
        found.append(Parameter("OCIO", PATH, plan.pinned.environment["OCIO"], "OpenColorIO configuration.", "IN"))
    return tuple(found)


def assets(plan: FarmPlan) -> dict[str, Any]:
    """Which files are read and which folders are written, for farms that carry files to their machines."""
    return {
        "assetReferences": {
            "inputs": {"filenames": [str(path) for path in plan.inputs()], "directories": []},
            "outputs": {"directories": [str(path) for path in plan.folders()]},
            "referencedPaths": [],
        }
    }


def _colour_file(plan: FarmPlan) -> bool:
    value = plan.pinned.environment.get("OCIO", "")
    return bool(value) and not value.startswith("ocio://")


def _definition(parameter: Parameter) -> dict[str, Any]:
    written: dict[str, Any] = {"name": parameter.name, "type": parameter.kind, "description": parameter.description}
    if parameter.kind == PATH:  # their values are in files of their own: a default may not be an absolute path
        kind = "DIRECTORY" if parameter.name == "Review" else "FILE"
        return written | {"objectType": kind, "dataFlow": parameter.flow}
    if parameter.choices:
        written["allowedValues"] = list(parameter.choices)
    if parameter.kind == NUMBER:
        return written | {"minValue": 0 if parameter.name == _SECONDS else 1, "default": int(parameter.value)}
    return written | {"default": parameter.value}


def _environment(plan: FarmPlan) -> dict[str, Any]:
    """What every task is run with, and a look at the machine before its first one."""
    variables = dict(plan.pinned.environment)
    variables["OMP_NUM_THREADS"] = "{{Param.Threads}}"
    if _colour_file(plan):
        variables["OCIO"] = "{{Param.OCIO}}"
    words = ["farm", "ready", f"--version={__version__}", "--device={{Param.Device}}", "--progress=openjd"]
    if plan.pinned.kernels:
        words.append(f"--kernels={plan.pinned.kernels}")
    return {
        "name": "Pinned",
        "description": "Device, kernels, threads and colour configuration, so that every machine makes one picture.",
        "variables": variables,
        "script": {"actions": {"onEnter": {"command": "{{Param.Engine}}", "args": words, "timeout": 600}}},
    }


def _step(step: Step) -> dict[str, Any]:
    written: dict[str, Any] = {"name": step.name}
    if step.after:
        written["dependencies"] = [{"dependsOn": step.after}]
    written["hostRequirements"] = {"amounts": _amounts(step.need)}
    several = step.chunked or len(step.tasks) > 1
    if several:
        written["parameterSpace"] = {"taskParameterDefinitions": [_tasks(step)]}
    frames = "{{Task.Param.Frames}}" if several else step.tasks[0]
    action = {
        "command": "{{Param.Engine}}",
        "args": render(step.command, lambda parameter: f"{{{{Param.{parameter.name}}}}}", frames),
        "timeout": step.seconds,
        "cancelation": {"mode": "NOTIFY_THEN_TERMINATE", "notifyPeriodInSeconds": _GRACE},
    }
    return written | {"script": {"actions": {"onRun": action}}}


def _tasks(step: Step) -> Mapping[str, Any]:
    if not step.chunked:
        return {"name": _TASK, "type": "STRING", "range": list(step.tasks)}
    chunks = {
        "defaultTaskCount": "{{Param.ChunkSize}}",
        "targetRuntimeSeconds": "{{Param.TargetSeconds}}",
        "rangeConstraint": "CONTIGUOUS",
    }
    return {"name": _TASK, "type": "CHUNK[INT]", "range": "{{Param.Frames}}", "chunks": chunks}


def _amounts(need: Need) -> list[dict[str, Any]]:
    amounts = [
        {"name": "amount.worker.vcpu", "min": need.threads},
        {"name": "amount.worker.memory", "min": _mebibytes(need.memory)},
    ]
    if need.gpu_memory:
        amounts += [
            {"name": "amount.worker.gpu", "min": 1},
            {"name": "amount.worker.gpu.memory", "min": _mebibytes(need.gpu_memory)},
        ]
    return amounts


def _mebibytes(amount: int) -> int:
    return -(-amount // _MEBIBYTE)
