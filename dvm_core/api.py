"""The main job as one Python call, and its plan as another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from dvm_core.bridge.job import MatteJob, is_model_file
from dvm_core.bridge.protocol import Event
from dvm_core.bridge.settings import Settings
from dvm_core.pipeline import MatteResult, run_job


class PathResolver(Protocol):
    """Turns a studio's references (`{SHOT}/plate.####.exr`, an OpenAssetIO entity) into paths.

    It is asked once for each of a job's files, before anything is checked.
    """

    def __call__(self, reference: str, role: str) -> str:
        """The path, pattern or file that a reference stands for.

        Args:
            reference: What was given.
            role: `plate`, `trimap`, `output`, `fg`, `model` or `corrected`; a resolver may give another version to
                write than to read.
        """


def matte(
    plate: str | Path,
    *,
    trimap: str | Path,
    output: str | Path,
    range: str = "",
    propagate: bool = False,
    progress: Callable[[Event], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    **options: Any,
) -> MatteResult:
    """Matte a shot: `dvm matte` from Python.

    Calls share nothing but the machine: several may run at once, in threads of one process or in several.

    Args:
        plate: Pattern, file, folder or movie; relative paths count from the working folder.
        trimap: Pattern or file of the trimaps.
        output: Pattern of the alphas to write; EXR.
        range: Frames to write, such as `1001-1100`; "" for every frame of the shot.
        propagate: Take the trimaps that there are as keyframes and propagate them to the other frames.
        progress: Called with each event of `dvm_core.bridge.protocol`, in order, one at a time.
        cancelled: Asked before each frame; when true the job ends.
        options: `model`, `shot_range`, `keys` (frames whose trimaps were painted, where the others were propagated from
            them), `corrected` (pattern of alphas that were put right by hand), `resolver` (a
            `PathResolver`), and every field of `Settings`.

    Raises:
        DvmError: The kind that fits, see `dvm_core.bridge.errors`; finished frames stay.
    """
    job = _job((plate, trimap, output), range, propagate, options)
    return run_job(job, emit=progress or _ignore, cancelled=cancelled or _never)


def plan(
    plate: str | Path,
    *,
    trimap: str | Path,
    output: str | Path,
    range: str = "",
    propagate: bool = False,
    progress: Callable[[Event], None] | None = None,
    **options: Any,
) -> MatteResult:
    """Check a shot as `matte` does before its first frame, and say what it would do; nothing is written.

    Args:
        plate: As for `matte`; so are all the others.
        trimap: As for `matte`.
        output: As for `matte`.
        range: As for `matte`.
        propagate: As for `matte`.
        progress: As for `matte`.
        options: As for `matte`.

    Returns:
        The frames that would be computed, those that would be kept, the memory plan, and warnings.

    Raises:
        DvmError: What `matte` would raise before its first frame: every problem with the files in one message.
    """
    job = _job((plate, trimap, output), range, propagate, options)
    return run_job(job, emit=progress or _ignore, dry_run=True)


def _job(
    paths: tuple[str | Path, str | Path, str | Path], range: str, propagate: bool, options: dict[str, Any]
) -> MatteJob:
    options = {"model": "lite", "shot_range": "", "keys": "", "corrected": "", "resolver": _as_it_is, **options}
    resolve: PathResolver = options.pop("resolver")
    plate, trimap, output = (
        resolve(str(path), role) for path, role in zip(paths, ("plate", "trimap", "output"), strict=True)
    )
    model, corrected = str(options.pop("model")), str(options.pop("corrected"))
    if options.get("fg"):
        options["fg"] = resolve(str(options["fg"]), "fg")
    job = MatteJob(
        plate=plate,
        trimap=trimap,
        output=output,
        range=range,
        shot_range=options.pop("shot_range"),
        trimap_mode="keyframes" if propagate else "every-frame",
        model=resolve(model, "model") if is_model_file(model) else model,
        keys=options.pop("keys"),
        corrected=resolve(corrected, "corrected") if corrected else "",
        settings=Settings.from_dict(options),
    )
    return job.resolved(".")


def _as_it_is(reference: str, role: str) -> str:
    return reference


def _ignore(event: Event) -> None:
    pass


def _never() -> bool:
    return False
