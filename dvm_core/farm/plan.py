"""The plan of a farm job: which steps, cut into which tasks, with what of a machine.

Every farm manager's files are views of it, and `run-local` runs it as it is.

    Propagate   only for keyframes: a task for each key segment writes the trimaps between its keys
    Matte       in chunks: each reads its own neighbours and writes only its own frames
    QC          one task: every frame is there, whole and made alike; a contact sheet

Nothing passes from step to step but files beside the output.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil
from pathlib import Path, PurePath

from dvm_core.bridge.errors import OutputError, UsageError
from dvm_core.bridge.frames import normalise_pattern, parse_range
from dvm_core.bridge.job import MatteJob, is_model_file
from dvm_core.farm.pins import Load, Pinned, pin, plain_range, runs
from dvm_core.farm.steps import (
    Need,
    Parameter,
    Step,
    check_command,
    matte_command,
    parameters_of,
    propagate_command,
)
from dvm_core.io.sequence import find_sequence, output_paths
from dvm_core.model import weights
from dvm_core.pipeline import memory

PROPAGATE, MATTE, QC = "Propagate", "Matte", "QC"

_START_UP = 900  # seconds for a task to begin on a machine that is cold and busy
_FRAME = 600  # seconds for one frame; a task that takes longer hangs
_SHEET = 40  # bytes for each pixel of the frame that QC looks at, besides its foreground colour


@dataclass(frozen=True)
class Chunks:
    """How the Matte step is cut.

    Attributes:
        frames: In a chunk.
        seconds: What a chunk should take; the farm manager then chooses the size as it learns, `frames` is the first
            one. 0 for chunks of `frames`.

    Raises:
        UsageError: There is no frame in a chunk, or the time is negative.
    """

    frames: int = 20
    seconds: int = 0

    def __post_init__(self) -> None:
        if self.frames < 1 or self.seconds < 0:
            raise UsageError(f"A chunk has 1 frame or more and takes 0 seconds or more; found {self}.")


@dataclass(frozen=True)
class FarmPlan:
    """A job, ready for any farm.

    Attributes:
        name: For people.
        pinned: The job of which nothing is left to the machine.
        chunks: How the Matte step is cut.
        parameters: What may still be changed on submission, with the job's values.
        steps: In their order.
        engine: The command that is the engine on the farm's machines.
    """

    name: str
    pinned: Pinned
    chunks: Chunks
    parameters: tuple[Parameter, ...]
    steps: tuple[Step, ...]
    engine: str

    @property
    def frames(self) -> tuple[int, ...]:
        """Frames to write."""
        return self.pinned.shot.wanted

    @property
    def job(self) -> MatteJob:
        """The job of the Matte step over all frames: its trimaps are those that Propagate made, if there is one."""
        job = self.pinned.job
        existing = "overwrite" if job.settings.existing == "overwrite" else "resume"
        settings = replace(job.settings, existing=existing)
        values = {parameter.name: parameter.value for parameter in self.parameters}
        if "Propagated" not in values:
            return replace(job, settings=settings)
        settings = replace(settings, trimap_channel="")
        return replace(
            job, trimap=values["Propagated"], trimap_mode="every-frame", keys=values["Keys"], settings=settings
        )

    def step(self, name: str) -> Step:
        """A step by its name; KeyError if the plan has none."""
        for step in self.steps:
            if step.name == name:
                return step
        raise KeyError(name)

    def inputs(self) -> list[Path]:
        """Every file that is read: plates with their neighbours, trimaps or keys, alphas put right by hand, weights."""
        shot, job = self.pinned.shot, self.pinned.job
        found, read = find_sequence(job.trimap, "trimap"), shot.read(self.pinned.window)
        masks = [frame for frame in found.frames if frame in read]
        if job.trimap_mode == "keyframes":
            masks, read = list(found.frames), _between_keys(shot.frames, read, found.frames)
        files = {shot.plate.sequence.path(frame) for frame in read}
        files |= {found.path(frame) for frame in masks} or {found.path(0)}
        files |= {shot.corrected.path(frame) for frame in shot.corrected.around(shot.wanted)}
        if is_model_file(job.model):
            files.add(Path(job.model))
        return sorted(files)

    def folders(self) -> list[Path]:
        """Every folder that is written."""
        written = {Path(parameter.value) for parameter in self.parameters if parameter.name == "Review"}
        for parameter in self.parameters:
            if parameter.name in ("Output", "Foreground", "Propagated"):
                written.add(Path(parameter.value).parent)
        return sorted(written)


def plan(
    job: MatteJob,
    chunks: Chunks | None = None,
    *,
    kernels: str = "",
    engine: str = "dvm",
    load: Load = weights.load,
) -> FarmPlan:
    """Plan a job for a farm.

    Args:
        job: The job, paths resolved.
        chunks: How the Matte step is cut.
        kernels: Kernels to compute with; "" for the best of this machine.
        engine: The command that is the engine on the farm's machines.
        load: Gives the model of a name or file.

    Raises:
        DvmError: What would stop the job on the farm stops it here: files, memory, model, outputs that are there.
    """
    chunks = chunks or Chunks()
    pinned = pin(job, kernels=kernels, load=load)
    _refuse_existing(pinned)
    parameters = parameters_of(pinned)
    steps = _steps(pinned, parameters, chunks)
    return FarmPlan(f"dvm {stem_of(job)}", pinned, chunks, tuple(parameters.values()), steps, engine)


def cut(frames: Sequence[int], size: int) -> list[str]:
    """Chunks of touching frames, none larger than `size`, those of a run as equal as can be.

    Args:
        frames: Sorted.
        size: Frames in a chunk at most.

    Returns:
        Frame ranges, in order.
    """
    chunks = []
    for first, last in runs(tuple(frames)):
        length = last - first + 1
        count = ceil(length / size)
        borders = [first + length * index // count for index in range(count + 1)]
        chunks += [plain_range(tuple(range(a, b))) for a, b in pairwise(borders)]
    return chunks


def segments(frames: Sequence[int], keys: Sequence[int]) -> list[str]:
    """Frames cut behind each key, so that a task needs one segment's plates and no more: the next key ends it.

    Args:
        frames: To be given trimaps, sorted.
        keys: Frames that have one painted, sorted.

    Returns:
        Frame ranges, in order; those without a frame are left out.
    """
    # A key on the very first frame ends nothing: before it there is nothing to propagate.
    ends = [key for key in keys if key > frames[0]] + [frames[-1]]
    found, start = [], 0
    for end in ends:
        stop = start
        while stop < len(frames) and frames[stop] <= end:
            stop += 1
        if stop > start:
            found.append(plain_range(tuple(frames[start:stop])))
        start = stop
    return found


def _steps(pinned: Pinned, parameters: dict[str, Parameter], chunks: Chunks) -> tuple[Step, ...]:
    need, frames = _need(pinned), len(pinned.shot.wanted)
    largest = frames if chunks.seconds else min(chunks.frames, frames)
    before = ""
    steps = []
    if "Propagated" in parameters:
        tasks = tuple(_segments(pinned))
        longest = max(len(parse_range(task)) for task in tasks)
        steps.append(Step(PROPAGATE, propagate_command(parameters), tasks, False, need, _START_UP + _FRAME * longest))
        before = PROPAGATE
    matte = Step(
        MATTE, matte_command(parameters), (pinned.job.range,), True, need, _START_UP + _FRAME * largest, before
    )
    pixels = pinned.shot.size[0] * pinned.shot.size[1]
    looking = memory.BASE + pixels * (memory.PLATE + memory.LIGHT + memory.FOREGROUND + _SHEET)
    check = Step(
        QC, check_command(parameters), (pinned.job.range,), False, Need(1, looking), _START_UP + 60 * frames, MATTE
    )
    return (*steps, matte, check)


def _segments(pinned: Pinned) -> list[str]:
    keys = find_sequence(pinned.job.trimap, "trimap")
    if not keys.frames:
        first = pinned.shot.wanted[0]
        raise UsageError(
            f"The key {keys.single} has no frame number, and the tasks of a farm must agree on its frame; call it "
            f"something like key.{first}{keys.path(first).suffix} and name it key.####{keys.path(first).suffix}.",
            path=keys.single,
        )
    return segments(pinned.shot.read(pinned.window), keys.frames)


def _between_keys(shot: Sequence[int], frames: Sequence[int], keys: Sequence[int]) -> list[int]:
    """Frames whose plates propagation reads for some frames: their segments, whole."""
    first = max((key for key in keys if key <= frames[0]), default=shot[0])
    last = min((key for key in keys if key >= frames[-1]), default=shot[-1])
    return [frame for frame in shot if first <= frame <= last]


def _need(pinned: Pinned) -> Need:
    """On a GPU the plan counts the GPU's memory; the machine's own never holds more than that."""
    threads, bytes_ = pinned.job.settings.threads, pinned.memory.need
    return Need(threads, bytes_, bytes_ if pinned.job.settings.device == "cuda" else 0)


def _refuse_existing(pinned: Pinned) -> None:
    job, frames = pinned.job, pinned.shot.wanted
    paths = output_paths(job.output, frames)
    paths += output_paths(job.settings.fg, frames) if job.settings.fg else []
    if job.settings.existing != "fail":
        return
    there = next((path for path in paths if path.exists()), None)
    if there is not None:
        raise OutputError(
            f'{there} is there already; set "existing" in the job\'s settings to "resume" or "overwrite", '
            "or give run-local or batch --resume or --overwrite.",
            path=there,
        )


def stem_of(job: MatteJob) -> str:
    """What a job's output is called, to call the job by."""
    pattern = normalise_pattern(job.output)
    stem = PurePath(pattern.head).name if pattern.is_sequence else PurePath(job.output).stem
    return stem.rstrip("._- ") or "matte"
