"""Keep what lives for several frames out of the C library's heap, whose peak would creep up as a shot goes on.

What a network allocates comes and goes with each layer; plates and features stay until their window has passed. In one
heap the latter leave holes that the former do not fit into, and it grows for as long as a worse order of the two turns
up. So these get memory of their own, which goes back to the system as soon as they are freed.
"""

from __future__ import annotations

import ctypes
import mmap
import sys

import torch
from torch import Tensor

_M_MMAP_THRESHOLD = -3  # glibc's `mallopt`
_PLATE = 16 << 20  # bytes; a plate at HD has 25 MB
_SMALL = 1 << 18  # bytes; what is smaller leaves no holes that matter


def keep_plates_out() -> None:
    """Let buffers as large as a plate be mapped on their own, as glibc does until it has seen one freed.

    A smaller limit would hold most of a network's maps too; to map those anew for each layer costs a third of its time.
    Other C libraries are left alone.
    """
    _glibc("mallopt", _M_MMAP_THRESHOLD, _PLATE)


def give_back() -> None:
    """Return the free pages of the heaps to the system; once a frame, so that holes do not add up over a shot."""
    _glibc("malloc_trim", 0)


def _glibc(name: str, *arguments: int) -> None:
    """Call a function of the C library, where it is one that has it."""
    function = getattr(ctypes.CDLL(None), name, None) if sys.platform.startswith("linux") else None
    if function is not None:
        function(*arguments)


def apart(maps: Tensor) -> Tensor:
    """A copy of maps in memory of its own, same bits, same layout; small ones and those on a GPU stay as they are."""
    if maps.device.type != "cpu" or maps.numel() * maps.element_size() < _SMALL:
        return maps
    layout = torch.empty_like(maps, device="meta")  # the strides of a part of larger maps are not kept
    memory = mmap.mmap(-1, maps.numel() * maps.element_size())
    copy = torch.frombuffer(memory, dtype=maps.dtype).as_strided(layout.shape, layout.stride())
    return copy.copy_(maps)
