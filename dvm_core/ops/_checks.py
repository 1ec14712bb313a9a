"""Checks that both operators share: one sentence with what was expected, what came, and what to do."""

import torch
from torch import Tensor

Pair = int | tuple[int, int]
FLOATS = (torch.float32, torch.bfloat16, torch.float16, torch.float64)


def pair(name: str, value: Pair, least: int) -> list[int]:
    """One integer or two (vertical, horizontal), as two."""
    both = [value, value] if isinstance(value, int) else list(value)
    if len(both) != 2 or any(not isinstance(one, int) or one < least for one in both):
        raise ValueError(f"expected {name} to be one or two integers of at least {least}, got {value!r}")
    return both


def tensors(**named: Tensor | None) -> None:
    """Every argument is a 4-D floating tensor on one CPU or CUDA device; the first one's device counts."""
    first: Tensor | None = None
    for name, value in named.items():
        if not isinstance(value, Tensor):
            raise TypeError(f"expected {name} to be a torch tensor, got {type(value).__name__}")
        if value.dim() != 4:
            raise ValueError(
                f"expected {name} to have 4 dimensions, got shape {tuple(value.shape)}; add the batch axis"
            )
        first = value if first is None else first
        same_device(name, value, first)


def same_device(name: str, value: Tensor, first: Tensor) -> None:
    """A tensor is floating and lies where the first one lies, on a CPU or CUDA device."""
    if value.dtype not in FLOATS:
        raise TypeError(f"expected {name} in float32, bfloat16, float16 or float64, got {value.dtype}; convert it")
    if value.device.type not in ("cpu", "cuda") or value.device != first.device:
        raise ValueError(f"expected {name} on {first.device} (a CPU or CUDA device), got {value.device}; move it there")


def shape(name: str, value: Tensor, expected: tuple[int, ...]) -> None:
    """A tensor has exactly this shape."""
    if tuple(value.shape) != expected:
        raise ValueError(f"expected {name} of shape {expected} to fit the other arguments, got {tuple(value.shape)}")
