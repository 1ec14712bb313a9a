"""Hands tensors to the compiled correlation: layouts, temporaries and raw pointers, no maths."""

from torch import Tensor

from dvm_core.ops._extension import native


def forward(first: Tensor, second: Tensor, radius: int, stride: int, dilation: int) -> Tensor:
    """Correlation by the compiled kernels."""
    return native()


def backward(
    grad: Tensor, first: Tensor, second: Tensor, radius: int, stride: int, dilation: int
) -> tuple[Tensor, Tensor]:
    """Gradients by both maps."""
    return native()
