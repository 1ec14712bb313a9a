"""Hands tensors to the compiled deformable convolution: layouts, temporaries and raw pointers, no maths."""

import torch
from torch import Tensor

from dvm_core.ops._extension import native


def forward(
    x: Tensor,
    offset: Tensor,
    mask: Tensor | None,
    weight: Tensor,
    bias: Tensor | None,
    geometry: tuple[list[int], list[int], list[int]],
) -> Tensor:
    """Deformable convolution by the compiled kernels; `mask=None` marks a raw map."""
    return native()


def backward(
    grad: Tensor,
    x: Tensor,
    offset: Tensor,
    mask: Tensor | None,
    weight: Tensor,
    geometry: tuple[list[int], list[int], list[int]],
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Gradients by x, offset (or raw map), mask and weight."""
    return native()
