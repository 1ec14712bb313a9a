"""Runs the CUDA kernels on torch's own stream and memory; the emulator runs their bodies on CPU tensors for tests."""

from typing import Any

import torch
from torch import Tensor

from dvm_core.ops._extension import choice, native

CHUNK_BYTES = 20 << 20
"""Columns that are alive at once: they stay in the second-level cache of a large GPU."""


def queue(like: Tensor) -> Any:
    """Where a tensor's kernels run: its device and that device's current stream."""
    if not like.is_cuda:
        return native().Queue(choice(), 0, 0)
    return native().Queue(choice("cuda"), like.device.index, torch.cuda.current_stream(like.device).cuda_stream)


def chunks(pixels: int, bytes_each: int) -> list[tuple[int, int]]:
    """Cut pixels into runs (first, count) whose columns fit CHUNK_BYTES."""
    size = max(1, min(pixels, CHUNK_BYTES // bytes_each))
    return [(first, min(size, pixels - first)) for first in range(0, pixels, size)]
