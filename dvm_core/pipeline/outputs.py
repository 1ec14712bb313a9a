"""What a job writes: alphas and foregrounds, the name of what made them in each header, and what is there already."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dvm_core import foreground
from dvm_core.bridge.errors import InputError, OutputError, UsageError
from dvm_core.bridge.frames import normalise_pattern
from dvm_core.bridge.job import MatteJob
from dvm_core.io.alpha_file import CHANNELS, AlphaWriter, ForegroundWriter
from dvm_core.io.header import ImageHeader
from dvm_core.io.image_file import ImageFile
from dvm_core.io.output import is_whole
from dvm_core.io.sequence import output_path
from dvm_core.pipeline.claim import Claim
from dvm_core.pipeline.inputs import Inputs
from dvm_core.pipeline.room import Room, measure
from dvm_core.pipeline.shot import Shot
from dvm_core.whole_file import remove_leftovers

JOB_ATTRIBUTE = "dvm:job"
FOREGROUND_ATTRIBUTE = "dvm:foreground"
"""What computed the foreground, where that was not PyMatting on the CPU."""
INPUTS_ATTRIBUTE = "dvm:inputs"
_PIXEL_SETTINGS = ("layer", "view", "channels", "compression", "half")


@dataclass(frozen=True)
class Finished:
    """One frame's alpha, on its way to disk.

    Attributes:
        frame: Its number.
        alpha: (H, W) float32 in [0, 1].
        linear: The plate's scene-linear colour (H, W, 3) in `linear_space`, where an output needs it.
        linear_space: Name of that colour space.
        header: The plate's header.
        inputs: Name of all that it was made from (`Inputs.name`).
    """

    frame: int
    alpha: NDArray[np.float32]
    linear: NDArray[np.float32] | None
    linear_space: str
    header: ImageHeader
    inputs: str


def job_hash(job: MatteJob, made_by: Mapping[str, str]) -> str:
    """What tells a job's pixels from another's: settings and weights, but neither paths nor the range.

    Plates and trimaps have a name of their own in each frame, so that a frame is redone where they change.

    Args:
        job: The job.
        made_by: What runs: model with its weights' hash, version, device, kernels, precision, tile, colour space.
    """
    settings = job.settings.to_dict()
    facts = {name: settings[name] for name in _PIXEL_SETTINGS} | dict(made_by)
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
        self._solver = attributes.get(FOREGROUND_ATTRIBUTE, "")
        self._existing = settings.existing
        self._colour = settings.channels == "rgba"
        self._alpha = AlphaWriter(
            job.output, channels=settings.channels, compression=settings.compression, half=settings.half
        )
        self._foreground: ForegroundWriter | None = None
        if settings.fg:
            self._foreground = ForegroundWriter(settings.fg, compression=settings.compression, half=settings.half)
        self._writers = [self._alpha] if self._foreground is None else [self._alpha, self._foreground]
        self._patterns = (job.output, settings.fg) if settings.fg else (job.output,)
        self._settings = settings
        self._claims: list[Claim] = []

    def path(self, frame: int) -> Path:
        """The alpha of a frame."""
        return self._alpha.path(frame)

    def pending(self, shot: Shot, inputs: Inputs) -> tuple[int, ...]:
        """Those of the shot's wanted frames that are still to be made.

        Args:
            shot: What is read and written.
            inputs: Its contents, to know a file by what it was made from.

        Raises:
            UsageError: If frames would overwrite each other, or what the job reads.
            OutputError: If some are there already, and the job neither resumes nor overwrites.
            InputError: If an input of a file that is there cannot be read.
        """
        frames = shot.wanted
        self._refuse_inputs(shot)
        if self._existing == "overwrite":
            return frames
        if self._existing == "resume":
            finished = self._finished(frames, inputs)
            return tuple(frame for frame in frames if frame not in finished)
        for frame in frames:
            there = [path for path in self._paths(frame) if path.exists()]
            if there:
                raise OutputError(
                    f"{there[0]} is there already; use --resume to go on from what is finished, or --overwrite.",
                    frame=frame,
                    path=there[0],
                )
        return frames

    def room(self, frames: Sequence[int], size: tuple[int, int]) -> list[Room]:
        """What these frames of (H, W) may take on each disk."""
        value = 2 if self._settings.half else 4
        sizes = [size[0] * size[1] * value * channels for channels in (len(CHANNELS[self._settings.channels]), 4)]
        return measure(file for frame in frames for file in zip(self._paths(frame), sizes, strict=False))

    @property
    def compressed(self) -> bool:
        """Whether files are smaller than their pixels."""
        return self._settings.compression != "none"

    @contextmanager
    def claimed(self, frames: Sequence[int]) -> Iterator[None]:
        """Let nobody else write these frames meanwhile, and clear away what killed writers of them left.

        Raises:
            OutputError: Somebody else is writing some of them.
        """
        with ExitStack() as stack:
            for text in self._patterns if frames else ():
                pattern = normalise_pattern(text)
                folder = output_path(text, frames[0]).parent
                name = str(pattern._replace(range="")).replace("\\", "/").rpartition("/")[2]
                claim = Claim(folder, name, frames if pattern.is_sequence else (0,))
                self._claims.append(stack.enter_context(claim))
            remove_leftovers([path for frame in frames for path in self._paths(frame)])
            yield

    def write(self, finished: Finished) -> None:
        """Write one frame's files; each appears whole under its name.

        Raises:
            OutputError: If one cannot be written.
        """
        for claim in self._claims:
            claim.require()
        frame, alpha, header = finished.frame, finished.alpha, finished.header
        attributes = self._attributes | {INPUTS_ATTRIBUTE: finished.inputs}
        in_colour = attributes | {"oiio:ColorSpace": finished.linear_space}
        if self._foreground is not None and finished.linear is not None:
            colour = foreground.estimate_by(self._solver, finished.linear, alpha)
            self._foreground.write(frame, colour, alpha, header, attributes=in_colour)
        if self._colour:
            self._alpha.write(frame, alpha, header, rgb=finished.linear, attributes=in_colour)
        else:
            self._alpha.write(frame, alpha, header, attributes=attributes)

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
        read |= {real(shot.corrected.path(frame)) for frame in shot.corrected.frames}
        for writer in self._writers:
            for path in writer.paths(shot.wanted):
                if real(path) in read:
                    raise UsageError(f"{path} is read by this job; write to files of their own.", path=path)

    def _finished(self, frames: Sequence[int], inputs: Inputs) -> set[int]:
        """Frames whose files are there, readable to their end, and made by the same settings from the same inputs."""
        names = {frame: self._made_from(frame) for frame in frames}
        there = [frame for frame, name in names.items() if name]
        inputs.look(there)
        return {frame for frame in there if names[frame] == inputs.name(frame)}

    def _made_from(self, frame: int) -> str:
        """Name of the inputs of a frame's files; empty unless all are there, whole, and made by this job's settings."""
        mine, names = self._attributes[JOB_ATTRIBUTE], set()
        for path in self._paths(frame):
            if not path.exists():
                return ""
            job, name = _marks(path)
            if job != mine or not is_whole(path):
                return ""
            names.add(name)
        return names.pop() if len(names) == 1 else ""


def _marks(path: Path) -> tuple[str, str]:
    """Hashes of the job that made a file, and of its inputs; empty for a file that is not ours or cannot be read."""
    try:
        with ImageFile(path, None) as image:
            spec = image.parts[0]
            return str(spec.get_string_attribute(JOB_ATTRIBUTE)), str(spec.get_string_attribute(INPUTS_ATTRIBUTE))
    except (InputError, OSError):
        return "", ""
