"""What a job leaves to the machine, decided once, so that every machine of a farm makes the same picture.

A job may say `auto`; two machines would then compute on different devices, with different kernels or tiles. Planning
takes the choice here and writes it down: into the job's settings, and into the environment of each task.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch
from torch import nn

from dvm_core import ops
from dvm_core.bridge.errors import UsageError
from dvm_core.bridge.job import MatteJob
from dvm_core.model import weights
from dvm_core.model.closed_form import ClosedForm
from dvm_core.model.network import MattingNetwork, Window
from dvm_core.pipeline import device as devices
from dvm_core.pipeline import memory
from dvm_core.pipeline.memory import MemoryPlan
from dvm_core.pipeline.shot import Shot, open_shot, require_unknown

MOST_THREADS = 8
"""A plan made on a workstation with more cores must not ask for as many of every machine."""
DEFAULT_MEMORY = "16G"
"""What is planned for where the job sets no limit: what is free on this machine says nothing about the farm's."""

# The widest instruction set that torch's own convolutions may use beside our kernels of that name.
_ISA_OF_KERNELS = {
    "cpu-portable": ("SSE41", "default"),
    "cpu-avx2": ("AVX2", "avx2"),
    "cpu-avx512": ("AVX512_CORE", "avx512"),
    "cpu-avx512-bf16": ("AVX512_CORE_BF16", "avx512"),
    "cpu-amx-bf16": ("AVX512_CORE_AMX", "avx512"),
}


@dataclass(frozen=True)
class Pinned:
    """A job of which nothing is left to the machine.

    Attributes:
        job: The job; device, precision, threads, tile, divisor, memory, colour space and shot range are set.
        shot: Its files.
        window: Neighbours that its model wants.
        kernels: Name of the kernels; "" where only a machine with a GPU can tell.
        memory: The memory plan.
        environment: Variables that every task is run with; "" takes a variable away.
        warnings: What the user should know.
    """

    job: MatteJob
    shot: Shot
    window: Window
    kernels: str
    memory: MemoryPlan
    environment: Mapping[str, str]
    warnings: tuple[str, ...]


Load = Callable[[str], nn.Module]
"""Gives the model of a name or file."""


def pin(job: MatteJob, *, kernels: str = "", load: Load = weights.load) -> Pinned:
    """Check a job's files and decide what it leaves open.

    Args:
        job: The job, paths resolved.
        kernels: Kernels to compute with; "" for the best of this machine. Every machine of the farm has to have them.
        load: Gives the model; another than `weights.load` may keep it from job to job.

    Raises:
        InputError: If frames are missing or do not fit.
        DeviceError: If no plan fits into the memory that the job allows.
        ModelError: If the model is not there.
        UsageError: If `kernels` belong to another device.
    """
    model = load(job.model)
    window = model.window if isinstance(model, ClosedForm | MattingNetwork) else Window(0, 0)
    shot = open_shot(job, window, say=_nobody)
    if job.trimap_mode == "every-frame":  # of keyframes, only propagation can tell
        require_unknown(job, shot, shot.trimap.read)
    compute = _compute(job, solver="pymatting" if isinstance(model, ClosedForm) else "")
    chosen = _kernels(compute, kernels)
    corrects = bool(shot.corrected.frames)
    planned = replace(job.settings, max_memory=job.settings.max_memory or DEFAULT_MEMORY)
    if isinstance(model, MattingNetwork):
        plan = memory.plan(model, shot.size, len(shot.frames), compute, planned, corrects=corrects)
    else:
        plan = memory.closed_form_plan(shot.size, planned, corrects=corrects)
    threads = job.settings.threads or min(torch.get_num_threads(), MOST_THREADS)
    settings = replace(
        planned,
        device=compute.device.type,
        precision=compute.precision,
        threads=threads,
        reduce=plan.divisor,
        tile=plan.tile or ("off" if isinstance(model, MattingNetwork) else job.settings.tile),
    )
    pinned = replace(job, settings=settings, shot_range=plain_range(shot.frames), range=plain_range(shot.wanted))
    return Pinned(pinned, shot, window, chosen, plan, _environment(chosen, threads), (*shot.warnings, *_doubts(chosen)))


def plain_range(frames: tuple[int, ...]) -> str:
    """A frame range that every farm manager reads as we do: runs and single frames, no steps."""
    parts: list[str] = []
    for first, last in runs(frames):
        parts.append(f"{first}-{last}" if last > first else str(first))
    return ",".join(parts)


def runs(frames: tuple[int, ...]) -> list[tuple[int, int]]:
    """First and last frame of each run of touching frames; `frames` is sorted."""
    found: list[tuple[int, int]] = []
    for frame in frames:
        if found and frame == found[-1][1] + 1:
            found[-1] = (found[-1][0], frame)
        else:
            found.append((frame, frame))
    return found


def _compute(job: MatteJob, solver: str) -> devices.Compute:
    """Device and precision; a GPU is planned for where there is none, since jobs are sent from machines without."""
    settings = job.settings
    if solver:
        return devices.Compute(torch.device("cpu"), "fp32", solver=solver)
    if settings.device.startswith("cuda") and not torch.cuda.is_available():
        return devices.Compute(torch.device("cuda"), "bf16" if settings.precision == "auto" else settings.precision)
    return devices.choose(settings.device, settings.precision)


def _kernels(compute: devices.Compute, wanted: str) -> str:
    if compute.solver:
        return compute.solver
    if wanted:
        if wanted not in ops.OF_OTHERS and not wanted.startswith(compute.device.type):
            raise UsageError(f"The kernels '{wanted}' do not run on {compute.device.type}; name some that do.")
        return wanted
    if compute.device.type == "cuda" and not torch.cuda.is_available():
        return ""
    return compute.kernels


def _environment(kernels: str, threads: int) -> dict[str, str]:
    variables = {"OMP_NUM_THREADS": str(threads), "OCIO": os.environ.get("OCIO", "")}
    if kernels.startswith(("cpu", "cuda")) or kernels in ops.OF_OTHERS:
        variables["DVM_KERNELS"] = kernels
    if kernels in _ISA_OF_KERNELS:
        variables["ONEDNN_MAX_CPU_ISA"], variables["ATEN_CPU_CAPABILITY"] = _ISA_OF_KERNELS[kernels]
    return variables


def _nobody(sentence: str, frame: int) -> None:
    """No plate is read to plan."""


def _doubts(kernels: str) -> tuple[str, ...]:
    if kernels:
        return ()
    return (
        "This machine has no GPU, so the farm's kernels are not known here: name them (--kernels cuda-sm80), or use "
        "machines of one kind; the last step finds frames that were made differently.",
    )
