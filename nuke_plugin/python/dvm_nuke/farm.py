"""Submit to farm: a job file for each view, and the bundle that the engine makes of it."""

import json
import subprocess
import threading
from pathlib import Path
from typing import Dict, List

import nuke

from . import prepare
from .bridge.engine import find_python
from .bridge.environment import engine_environment
from .bridge.errors import DvmError, OutputError
from .host import find, in_main_thread, management
from .names import of_view
from .panel import Panel
from .prepare import ViewJob
from .runs import report, show_status

_FOLDER = "dvm_farm"


def submit(group: nuke.Group, panel: Panel) -> None:
    """Render what a farm cannot, write the job files, and make bundles of them in the background.

    Args:
        group: A DVM Matte.
        panel: Its knobs.

    Raises:
        DvmError: As in `prepare.jobs`; or a file cannot be written, or nothing says where the engine is.
    """
    config = management().config
    python, folder = find_python(), _new_folder(panel)
    jobs = prepare.jobs(group, panel, panel.wanted, folder)
    commands = [_command(python, _write(view_job, folder)) for view_job in jobs]
    environment = engine_environment({"OCIO": config} if config else None)
    if nuke.GUI:
        threading.Thread(target=_bundle, args=(panel, commands, environment), daemon=True).start()
    else:
        _bundle(panel, commands, environment)


def _new_folder(panel: Panel) -> str:
    """A folder beside the alphas for one submission: a farm may still be reading what an earlier one rendered."""
    alphas = Path(of_view(panel.output, panel.views[0])).parent
    number = 1
    while (alphas / _FOLDER / str(number)).exists():
        number += 1
    return f"{_FOLDER}/{number}"


def _write(view_job: ViewJob, folder: str) -> Path:
    """Write a view's job file; returns its path."""
    job = view_job.job
    path = Path(job.output).parent / folder / view_job.view / "job.json"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(job.to_dict(), indent=2), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}.", path=path) from None
    return path


def _command(python: str, job: Path) -> List[str]:
    return [python, "-I", "-m", "dvm_core.cli", "farm", "openjd", str(job), "-o", str(job.parent / "bundle")]


def _bundle(panel: Panel, commands: List[List[str]], environment: Dict[str, str]) -> None:
    try:
        for command in commands:
            _run(command, environment)
        text, failed = "Farm bundle: {}".format(", ".join(command[-1] for command in commands)), False
    except DvmError as error:
        text, failed = error.message, True
    in_main_thread(_finish, panel, text, failed)


def _run(command: List[str], environment: Dict[str, str]) -> None:
    ran = subprocess.run(  # own interpreter, arguments as a list, no shell
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    if ran.returncode:
        said = ran.stdout.decode("utf-8", "replace").strip()
        raise DvmError(f"The farm bundle could not be made: {said or 'the engine said nothing'}")


def _finish(panel: Panel, text: str, failed: bool) -> None:
    group = find(panel.identity)
    if group is not None:
        show_status(group, text)
    if failed:
        report(f"{panel.name}: {text}")
