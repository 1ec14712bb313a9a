"""What a job writes: alphas and foregrounds, the name of what made them in each header, and what is there already."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dvm_core import foreground
from dvm_core.bridge.errors import InputError, OutputError, UsageError
from dvm_core.bridge.frames import normalise_pattern
from dvm_core.bridge.job import MatteJob
from dvm_core.io.alpha_file import AlphaWriter, ForegroundWriter
from dvm_core.io.header import ImageHeader
from dvm_core.io.image_file import ImageFile
from dvm_core.io.output import is_whole
from dvm_core.pipeline.shot import Shot

JOB_ATTRIBUTE = "dvm:job"
_PIXEL_SETTINGS = ("layer", "view", "trimap_channel", "channels", "compression", "half")


@dataclass(frozen=True)
class Finished:
    """One frame's alpha, on its way to disk.

    Attributes:
        frame: Its number.
        alpha: (H, W) float32 in [0, 1].
        linear: The plate's scene-linear colour (H, W, 3) in `linear_space`, where an output needs it.
        linear_space: Name of that colour space.
        header: The plate's header.
    """

    frame: int
    alpha: NDArray[np.float32]
    linear: NDArray[np.float32] | None
    linear_space: str
    header: ImageHeader


def job_hash(job: MatteJob, made_by: Mapping[str, str]) -> str:
    """What tells a job's pixels from another's: settings and weights, but neither paths nor the range.

    Args:
        job: The job.
        made_by: What runs: model with its weights' hash, version, device, kernels, precision, tile, colour space.
    """
    settings = job.settings.to_dict()
    facts = {name: settings[name] for name in _PIXEL_SETTINGS} | dict(made_by) | {"trimaps": job.trimap_mode}
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


class Outputs:
    """The files of a job.

    Args:
        job: The job, paths resolved.
        attributes: Header attributes of each file, `dvm:job` among them.
    """

    def __init__(self, job: MatteJob, attributes: Mapping[str, str]) -> None:
        settings = job.settings
        self._attributes = dict(attributes)
        self._existing = settings.existing
        self._colour = settings.channels == "rgba"
        self._alpha = AlphaWriter(
            job.output, channels=settings.channels, compression=settings.compression, half=settings.half
        )
        self._foreground: ForegroundWriter | None = None
        if settings.fg:
            self._foreground = ForegroundWriter(settings.fg, compression=settings.compression, half=settings.half)
        self._writers = [self._alpha] if self._foreground is None else [self._alpha, self._foreground]
        patterns = (job.output, settings.fg) if settings.fg else (job.output,)
        self._numbered = all(normalise_pattern(pattern).is_sequence for pattern in patterns)

    def path(self, frame: int) -> Path:
        """The alpha of a frame."""
        return self._alpha.path(frame)

    def pending(self, shot: Shot) -> tuple[int, ...]:
        """Those of the shot's wanted frames that are still to be made.

        Raises:
            UsageError: If frames would overwrite each other, or what the job reads.
            OutputError: If some are there already, and the job neither resumes nor overwrites.
        """
        frames = shot.wanted
        self._refuse_inputs(shot)
        if self._existing == "overwrite":
            return frames
        if self._existing == "resume":
            return tuple(frame for frame in frames if not self._complete(frame))
        for frame in frames:
            there = [path for path in self._paths(frame) if path.exists()]
            if there:
                raise OutputError(
                    f"{there[0]} is there already; use --resume to go on from what is finished, or --overwrite.",
                    frame=frame,
                    path=there[0],
                )
        return frames

    def write(self, finished: Finished) -> None:
        """Write one frame's files; each appears whole under its name.

        Raises:
            OutputError: If one cannot be written.
        """
        frame, alpha, header = finished.frame, finished.alpha, finished.header
        attributes = self._attributes
        if finished.linear is not None:
            attributes = attributes | {"oiio:ColorSpace": finished.linear_space}
        if self._foreground is not None and finished.linear is not None:
            colour = foreground.estimate(finished.linear, alpha)
            self._foreground.write(frame, colour, alpha, header, attributes=attributes)
        rgb = finished.linear if self._colour else None
        self._alpha.write(frame, alpha, header, rgb=rgb, attributes=attributes)

    def _paths(self, frame: int) -> list[Path]:
        return [writer.path(frame) for writer in self._writers]

    def _refuse_inputs(self, shot: Shot) -> None:
        """A job's patterns may differ and yet meet in a file: a folder and a frame in it, or a link to the folder."""
        folders: dict[Path, Path] = {}

        def real(path: Path) -> Path:  # a link in place of the file itself is replaced, not followed
            if path.parent not in folders:
                folders[path.parent] = path.parent.resolve()
            return folders[path.parent] / path.name

        read = {real(shot.plate.sequence.path(frame)) for frame in shot.frames}
        read |= {real(shot.trimap.path(frame)) for frame in shot.frames}
        for writer in self._writers:
            for path in writer.paths(shot.wanted):
                if real(path) in read:
                    raise UsageError(f"{path} is read by this job; write to files of their own.", path=path)

    def _complete(self, frame: int) -> bool:
        """Whether a frame's files are there, readable to their end, and made by the same settings and weights.

        A still's name does not say which frame it holds, so a still is made again.
        """
        mine = self._attributes[JOB_ATTRIBUTE]
        paths = self._paths(frame) if self._numbered else []
        return bool(paths) and all(path.exists() and _job_of(path) == mine and is_whole(path) for path in paths)


def _job_of(path: Path) -> str:
    """Hash of the job that made a file; empty for a file that is not ours or cannot be read."""
    try:
        with ImageFile(path, None) as image:
            return str(image.parts[0].get_string_attribute(JOB_ATTRIBUTE))
    except InputError:
        return ""
