"""Thinkbox Deadline 10: a job and a plug-in file for each step, for the CommandLine plug-in that comes with Deadline.

    matte.job, matte.plugin, ...   what to run, on which frames, with what of a machine
    submission.json                all of them, with their dependencies: `deadlinecommand -SubmitMultipleJobsV2
                                   -jsonfilepath FOLDER/submission.json`

Written from Thinkbox's manual; Deadline itself has not read these files.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePath

from dvm_core.bridge.errors import UsageError
from dvm_core.bridge.frames import normalise_pattern
from dvm_core.farm.documents import as_json, write_files
from dvm_core.farm.plan import FarmPlan
from dvm_core.farm.steps import Step, plain, render

SUBMISSION = "submission.json"

_FRAMES = "<STARTFRAME>-<ENDFRAME>"
_ERRORS = 3  # of one task, before it is failed


def write(plan: FarmPlan, folder: Path, *, overwrite: bool = False) -> list[Path]:
    """Write a plan as Deadline 10 submission files.

    Raises:
        UsageError: The plan's chunks are cut by time.
        OutputError: They cannot be written.
    """
    return write_files(folder, files(plan, folder), overwrite=overwrite)


def files(plan: FarmPlan, folder: Path) -> dict[str, str]:
    """The files of a submission, by name; `folder` is where they will lie."""
    if plan.chunks.seconds:
        raise UsageError("Deadline 10 cuts chunks by frames only; give --chunk and no --target-seconds.")
    written: dict[str, str] = {}
    jobs: list[dict[str, object]] = []
    indices: dict[str, list[int]] = {"": []}
    for step in plan.steps:
        for task in step.tasks:
            stem = step.name.lower() + (f".{task}" if len(step.tasks) > 1 else "")
            written[f"{stem}.job"] = _lines(_job(plan, step, task))
            written[f"{stem}.plugin"] = _lines(_plugin(plan, step, task))
            indices.setdefault(step.name, []).append(len(jobs))
            jobs.append(
                {
                    "JobInfoFilePath": str(folder.absolute() / f"{stem}.job"),
                    "PluginInfoFilePath": str(folder.absolute() / f"{stem}.plugin"),
                    "AuxiliaryFilePaths": [],
                    "JobDependencies": [f"index://{index}" for index in indices[step.after]],
                }
            )
    written[SUBMISSION] = as_json({"Jobs": jobs})
    return written


def _job(plan: FarmPlan, step: Step, task: str) -> dict[str, str]:
    chunked = step.chunked
    lines = {
        "Plugin": "CommandLine",
        "Name": f"{plan.name} {step.name}" + (f" {task}" if len(step.tasks) > 1 else ""),
        "BatchName": plan.name,
        "Frames": plan.pinned.job.range if chunked else "0",
        "ChunkSize": str(plan.chunks.frames if chunked else 1),
        "TaskTimeoutSeconds": str(step.seconds),
        "OnTaskTimeout": "Error",
        "OverrideTaskFailureDetection": "true",
        "FailureDetectionTaskErrors": str(_ERRORS),
    }
    for index, (name, value) in enumerate(plan.pinned.environment.items()):
        lines[f"EnvironmentKeyValue{index}"] = f"{name}={value}"
    for index, path in enumerate(_outputs(plan, step)):
        lines[f"OutputDirectory{index}"] = str(path.parent)
        lines[f"OutputFilename{index}"] = path.name
    return lines


def _outputs(plan: FarmPlan, step: Step) -> list[PurePath]:
    """What a step writes, with Deadline's own token for the frame number."""
    wanted = {"Matte": ("Output", "Foreground"), "Propagate": ("Propagated",)}.get(step.name, ())
    patterns = [normalise_pattern(parameter.value) for parameter in plan.parameters if parameter.name in wanted]
    return [PurePath(pattern.head + "#" * pattern.digits + pattern.tail) for pattern in patterns]


def _plugin(plan: FarmPlan, step: Step, task: str) -> dict[str, str]:
    words = render(step.command, plain, _FRAMES if step.chunked else task)
    return {
        "Executable": plan.engine,
        "Arguments": " ".join(_quoted(word) for word in words),
        "Shell": "default",
        "ShellExecute": "false",
        "SingleFramesOnly": "false",
    }


def _quoted(word: str) -> str:
    """A word for Deadline, which has a token of its own for the quotation mark."""
    return f"<QUOTE>{word}<QUOTE>" if not word or " " in word else word


def _lines(values: Mapping[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in values.items())
