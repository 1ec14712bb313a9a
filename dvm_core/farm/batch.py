"""Many shots, from one file, on this machine.

    schema: dvm-batch/1
    defaults: {model: lite, settings: {channels: matte}}
    shots:
      - name: sh010
        plate: plates/sh010.####.exr
        trimap: trimaps/sh010.####.png
        output: mattes/sh010.####.exr
      - jobs/sh020.json

A shot is a job (`dvm-job/1`) with a name, or the path of a job file. `defaults` are fields of the former. Relative
paths count from the file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any

from dvm_core.bridge import checks, protocol
from dvm_core.bridge.errors import DvmError, UsageError
from dvm_core.bridge.frames import normalise_pattern
from dvm_core.bridge.job import SCHEMA as JOB_SCHEMA
from dvm_core.bridge.job import MatteJob
from dvm_core.bridge.protocol import Event
from dvm_core.farm import local
from dvm_core.farm.documents import read_yaml
from dvm_core.farm.local import Outcome
from dvm_core.farm.pins import Load
from dvm_core.farm.plan import Chunks, FarmPlan, plan, stem_of

SCHEMA = "dvm-batch/1"

Tell = Callable[[str, Event], None]
"""Receives a shot's name and an event of it."""

_READERS = 4  # plans made at once: they wait for headers


@dataclass(frozen=True)
class Shot:
    """A job with a name.

    Attributes:
        name: For people.
        job: The job, paths resolved.
    """

    name: str
    job: MatteJob


def read(path: Path) -> list[Shot]:
    """The shots of a batch file.

    Raises:
        UsageError: It is not valid; a shot that is to blame is named.
    """
    document = read_yaml(path)
    checks.unknown_keys(document, ("schema", "defaults", "shots"), "batch")
    if document.get("schema") != SCHEMA:
        raise checks.refuse("schema", f"'{SCHEMA}'", document.get("schema"))
    listed, defaults = document.get("shots"), document.get("defaults") or {}
    if not isinstance(listed, list) or not listed:
        raise checks.refuse("shots", "a list with at least one shot", listed)
    if not isinstance(defaults, dict):
        raise checks.refuse("defaults", "an object with named values", defaults)
    _settings(defaults)
    folder = path.absolute().parent
    shots = [_shot(entry, defaults, folder, index) for index, entry in enumerate(listed, 1)]
    _refuse_twins(shots)
    return shots


def run(
    shots: Sequence[Shot],
    workers: int,
    *,
    load: Load,
    tell: Tell = lambda name, event: None,
    cancelled: Callable[[], bool] = lambda: False,
    dry_run: bool = False,
) -> list[Outcome]:
    """Matte many shots; one that fails keeps no other from being done.

    Args:
        shots: The shots.
        workers: Processes that share them.
        load: Gives the model of a name or file; called from several threads.
        tell: Receives events, one at a time; of each shot one `done`, `error` or `cancelled`.
        cancelled: Asked now and then.
        dry_run: Check and plan every shot, but compute nothing.

    Returns:
        What became of each shot, in their order.

    Raises:
        DeviceError: The memory is not enough for so many processes.
    """
    threads = local.threads_each(workers)
    with ThreadPoolExecutor(_READERS) as pool:
        planned = list(pool.map(lambda shot: _planned(shot, threads, load), shots))
    for shot, made in zip(shots, planned, strict=True):
        if isinstance(made, DvmError):
            tell(shot.name, protocol.error(made))
    plans = [made for made in planned if isinstance(made, FarmPlan)]

    def told(index: int, event: Event) -> None:
        tell(plans[index].name, event)

    work = local.only_plan if dry_run else local.run
    done = iter(work(plans, workers, tell=told, cancelled=cancelled))
    return [
        Outcome(shot.name, made, 0, 0, 0.0) if isinstance(made, DvmError) else next(done)
        for shot, made in zip(shots, planned, strict=True)
    ]


def _planned(shot: Shot, threads: int, load: Load) -> FarmPlan | DvmError:
    settings = replace(shot.job.settings, threads=shot.job.settings.threads or threads)
    try:
        return replace(plan(replace(shot.job, settings=settings), Chunks(), load=load), name=shot.name)
    except DvmError as fault:
        return fault


def _shot(entry: Any, defaults: Mapping[str, Any], folder: Path, index: int) -> Shot:
    try:
        if isinstance(entry, str):
            return Shot(PurePath(entry).stem, MatteJob.load(str(folder / entry)))
        if not isinstance(entry, dict):
            raise checks.refuse("shot", "a job, or the path of a job file", entry)
        settings = {**_settings(defaults), **_settings(entry)}
        document = {"schema": JOB_SCHEMA, **defaults, **entry, "settings": settings}
        name = document.pop("name", "")
        job = MatteJob.from_dict(document, str(folder))
        return Shot(str(name) or stem_of(job), job)
    except UsageError as error:
        raise UsageError(f"Shot {index} of the batch: {error.message}", path=error.path) from None


def _settings(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    settings = entry.get("settings") or {}
    if not isinstance(settings, dict):
        raise checks.refuse("settings", "an object with named values", settings)
    return settings


def _refuse_twins(shots: Sequence[Shot]) -> None:
    """No two shots may have one name, or write the same files."""
    names: dict[str, int] = {}
    outputs: dict[tuple[str, str], str] = {}
    for index, shot in enumerate(shots, 1):
        if names.setdefault(shot.name, index) != index:
            raise UsageError(
                f"Shots {names[shot.name]} and {index} of the batch are both called '{shot.name}'; name each."
            )
        written = (str(normalise_pattern(shot.job.output)._replace(range="")), shot.job.range)
        if outputs.setdefault(written, shot.name) != shot.name:
            raise UsageError(
                f"Shots '{outputs[written]}' and '{shot.name}' both write {shot.job.output}; give each its own."
            )
