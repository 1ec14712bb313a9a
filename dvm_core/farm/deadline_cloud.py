"""AWS Deadline Cloud: the Open Job Description bundle, with the values and job settings that its submitter reads.

    parameter_values.yaml   the job's paths, and Deadline Cloud's own `deadline:` settings

The other files are those of `openjd.py`; `deadline bundle submit FOLDER` takes the folder.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dvm_core.farm import openjd
from dvm_core.farm.documents import as_yaml, write_files
from dvm_core.farm.plan import FarmPlan
from dvm_core.farm.steps import PATH

VALUES = "parameter_values.yaml"

RETRIES = 2
"""A task is tried so often again; one that fails for its input fails again, at the cost of reading headers."""
_PRIORITY = 50
_FAILED_TASKS = 20  # then the job stops: something is wrong with all of it


def write(plan: FarmPlan, folder: Path, *, overwrite: bool = False) -> list[Path]:
    """Write a plan as a job bundle for Deadline Cloud.

    Raises:
        OutputError: It cannot be written.
    """
    return write_files(folder, files(plan), overwrite=overwrite)


def files(plan: FarmPlan) -> dict[str, str]:
    """The files of a bundle, by name."""
    return openjd.files(plan) | {VALUES: as_yaml(values(plan))}


def values(plan: FarmPlan) -> dict[str, Any]:
    """Parameter values, as the submitter reads them."""
    settings = {
        "deadline:targetTaskRunStatus": "READY",
        "deadline:priority": _PRIORITY,
        "deadline:maxFailedTasksCount": _FAILED_TASKS,
        "deadline:maxRetriesPerTask": RETRIES,
    }
    paths = {parameter.name: parameter.value for parameter in openjd.parameters(plan) if parameter.kind == PATH}
    return {"parameterValues": [{"name": name, "value": value} for name, value in (settings | paths).items()]}
