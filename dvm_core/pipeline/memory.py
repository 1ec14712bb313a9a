"""The memory plan: what a shot will take at most, and the tile that makes it fit, said before work starts."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import torch

from dvm_core.bridge.amounts import in_words
from dvm_core.bridge.errors import DeviceError
from dvm_core.bridge.settings import Settings, parse_memory
from dvm_core.model import correction
from dvm_core.model.network import MattingNetwork
from dvm_core.pipeline.device import Compute
from dvm_core.pipeline.reduction import STRIP, divisor_for
from dvm_core.pipeline.windows import reach

GIGABYTE = 1 << 30
TILES_CPU, TILES_GPU = (512, 256, 128), (1024, 512, 256)  # the fastest first
BASE = 700 << 20  # interpreter, torch and its libraries, image buffers of one read and one write
PLATE = 13  # bytes for each pixel of a waiting frame: three floats and the trimap
LIGHT = 12  # the same of a frame whose scene-linear light is kept for an output
FOREGROUND = 110  # bytes for each pixel of the one frame whose foreground colour is being estimated
ENLARGED = 400  # bytes for each pixel of the strip that is being brought to full size
SHARE = 0.9  # of the memory that is free, where the user sets no limit
REMEDY = "set --max-memory lower so that smaller tiles are planned, or use --device cpu or a machine with more"

_OUT_OF_MEMORY = (
    "not enough memory",  # torch on Windows
    "can't allocate memory",  # torch on Linux and macOS
    "Cannot allocate memory",  # the system, to whoever maps a file
    "could not create a primitive",  # oneDNN, which says no more
    "can't start new thread",  # Python: a thread wants memory for its stack
)


@dataclass(frozen=True)
class MemoryPlan:
    """How a shot will be computed.

    Attributes:
        tile: Side of a tile in pixels; 0 for none.
        divisor: Of the plate's sides, before the network sees it.
        need: Bytes at most, all pixels unknown.
        limit: Bytes that may be used.
        queue: Frames that may wait between reading and computing, and between computing and writing.
    """

    tile: int
    need: int
    limit: int
    queue: int
    divisor: int = 1

    def __str__(self) -> str:
        """For people."""
        tiles = f"tiles of {self.tile}" if self.tile else "no tiles"
        size = f"at 1/{self.divisor} of the size, " if self.divisor > 1 else ""
        return f"{size}{tiles}, at most {in_words(self.need)} of {in_words(self.limit)}"


def plan(
    network: MattingNetwork,
    size: tuple[int, int],
    frames: int,
    compute: Compute,
    settings: Settings,
    *,
    corrects: bool = False,
) -> MemoryPlan:
    """Choose the tile and the queues.

    Args:
        network: To be run.
        size: Height and width of the plate.
        frames: In the shot.
        compute: Device and precision.
        settings: What the user asked for; outputs with the plate's colour (`rgba`, `fg`) take memory too.
        corrects: Whether frames are corrected from others, as they also are where the network knows some.

    Raises:
        DeviceError: If no tile makes it fit; it says what would.
    """
    limit = _limit(settings, compute.device)
    automatic = settings.tile == "auto"
    choices = _tiles(settings.tile, compute.device)
    queues = (2, 1) if frames > 1 else (1,)
    correcting = corrects or bool(network.corrections.frames)
    divisor = int(settings.reduce) if settings.reduce != "auto" else divisor_for(size, network.side)
    shapes = [MemoryPlan(tile, 0, limit, queue, divisor) for queue in queues for tile in choices]
    plans = [replace(shape, need=_need(network, size, frames, settings, shape, correcting)) for shape in shapes]
    for candidate in plans:
        if candidate.need <= limit:
            return candidate
    least = min(plans, key=lambda candidate: candidate.need)
    raise _too_little(size, network.architecture, least, _advice(network, automatic, least))


def closed_form_plan(size: tuple[int, int], settings: Settings, *, corrects: bool = False) -> MemoryPlan:
    """The plan for closed-form: whole frames, one at a time; its solver's memory depends on the unknown region.

    Raises:
        DeviceError: If not even what is known beforehand fits.
    """
    limit, waiting = _limit(settings, torch.device("cpu")), 4
    pixels = size[0] * size[1]
    need = BASE + pixels * (waiting * PLATE + _written(settings, waiting))
    if corrects:
        need += pixels * correction.HELD + correction.memory(size)
    plan = MemoryPlan(0, need, limit, queue=2)
    if plan.need > limit:
        raise _too_little(size, "closed-form", plan, _more_memory(plan))
    return plan


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out; torch's CPU allocator raises a plain RuntimeError."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return any(text in str(error) for text in _OUT_OF_MEMORY)


def available(device: torch.device) -> int:
    """Bytes that are free on a device: of a GPU its own memory, of a CPU what the system and its limits leave."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    free = int(psutil.virtual_memory().available)
    return min(free, _cgroup_memory() or free)


def _limit(settings: Settings, device: torch.device) -> int:
    return parse_memory(settings.max_memory) or int(available(device) * SHARE)


def _tiles(tile: str | int, device: torch.device) -> tuple[int, ...]:
    """Sides to choose from, the fastest first; 0 for none."""
    if tile == "auto":
        return TILES_CPU if device.type == "cpu" else TILES_GPU
    return (0,) if tile == "off" else (int(tile),)


def _need(
    network: MattingNetwork,
    size: tuple[int, int],
    frames: int,
    settings: Settings,
    shape: MemoryPlan,
    correcting: bool,
) -> int:
    """Bytes at most, all pixels unknown."""
    pixels, cost = size[0] * size[1], network.footprint
    seen = -(-size[0] // shape.divisor) * -(-size[1] // shape.divisor)  # pixels that the network sees
    waiting = min(2 * reach(network.window) + 1 + 2 * shape.queue, frames + 1)
    window = min(network.window.length, frames)
    prepared = min(network.window.future + 1, frames)
    kept = waiting * PLATE + _written(settings, waiting) + (correction.HELD if correcting else 0)
    whole = window * cost.features + prepared * cost.prepared + (waiting * PLATE if shape.divisor > 1 else 0)
    finished = seen if shape.tile == 0 else min(shape.tile * shape.tile, seen)
    # The network's activations are gone when its alpha is brought to full size, and when that is corrected.
    passing = max(
        seen * cost.context + finished * cost.finish,
        ENLARGED * min(STRIP, pixels) if shape.divisor > 1 else 0,
        correction.memory(size) if correcting else 0,
    )
    weights = sum(parameter.numel() * parameter.element_size() for parameter in network.parameters())
    return int(BASE + weights + pixels * kept + seen * whole + passing)


def _written(settings: Settings, waiting: int) -> int:
    """Bytes for each pixel that outputs with the plate's colour take."""
    if settings.fg:
        return waiting * LIGHT + FOREGROUND
    return waiting * LIGHT if settings.channels == "rgba" else 0


def _advice(network: MattingNetwork, automatic: bool, least: MemoryPlan) -> str:
    advice = [_more_memory(least)]
    if not automatic:
        advice.append("let --tile auto choose the tile")
    if network.architecture != "lite":
        advice.append("use --model lite, which takes far less")
    return " or ".join(advice)


def _more_memory(least: MemoryPlan) -> str:
    # Rounded up: what a user copies from the sentence must be enough.
    return f"raise --max-memory to {math.ceil(least.need / GIGABYTE * 10) / 10:.1f}G if the machine has it"


def _too_little(size: tuple[int, int], model: str, least: MemoryPlan, advice: str) -> DeviceError:
    height, width = size
    return DeviceError(
        f"A {width}x{height} plate needs about {in_words(least.need)} with {model}, but only "
        f"{in_words(least.limit)} may be used; {advice}."
    )


def _cgroup_memory() -> int:
    """Bytes that a container's limit leaves, 0 where there is none."""
    limit, used = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")
    if not limit.exists() or limit.read_text().strip() == "max":
        return 0
    return max(int(limit.read_text()) - int(used.read_text()), 1)
