"""The main job as one Python call."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from dvm_core.bridge.job import MatteJob
from dvm_core.bridge.protocol import Event
from dvm_core.bridge.settings import Settings
from dvm_core.pipeline import MatteResult, run_job


def matte(
    plate: str | Path,
    *,
    trimap: str | Path,
    output: str | Path,
    range: str = "",
    propagate: bool = False,
    progress: Callable[[Event], None] | None = None,
    **options: Any,
) -> MatteResult:
    """Matte a shot: `dvm matte` from Python.

    Args:
        plate: Pattern, file, folder or movie; relative paths count from the working folder.
        trimap: Pattern or file of the trimaps.
        output: Pattern of the alphas to write; EXR.
        range: Frames to write, such as `1001-1100`; "" for every frame of the shot.
        propagate: Take the trimaps that there are as keyframes and propagate them to the other frames.
        progress: Called with each event of `dvm_core.bridge.protocol`, in order.
        options: `model`, `shot_range`, and every field of `Settings`.

    Raises:
        DvmError: The kind that fits, see `dvm_core.bridge.errors`; finished frames stay.
    """
    job_options = {name: options.pop(name) for name in ("model", "shot_range") if name in options}
    job = MatteJob(
        plate=str(plate),
        trimap=str(trimap),
        output=str(output),
        range=range,
        trimap_mode="keyframes" if propagate else "every-frame",
        settings=Settings.from_dict(options),
        **job_options,
    )
    return run_job(job.resolved("."), emit=progress or _ignore, cancelled=lambda: False)


def _ignore(event: Event) -> None:
    pass
