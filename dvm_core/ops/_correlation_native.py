"""Hands tensors to the compiled correlation: layouts, temporaries and raw pointers, no maths."""

import torch
from torch import Tensor

from dvm_core.ops._extension import choice, dense, native, on_gpu, type_name
from dvm_core.ops._gpu import queue


def forward(first: Tensor, second: Tensor, radius: int, stride: int, dilation: int) -> Tensor:
    """Correlation by the compiled kernels."""
    rows, cols = ((side + stride - 1) // stride for side in first.shape[2:])
    size = (first.shape[0], (2 * radius + 1) ** 2, rows, cols)
    out = torch.empty(size, dtype=first.dtype, device=first.device, memory_format=torch.channels_last)
    first, second = dense(first), dense(second)
    shape = native().CorrelationShape(first.shape, radius, stride, dilation)
    maps = [first.data_ptr(), second.data_ptr(), out.data_ptr()]
    if on_gpu(first):
        native().gpu_correlation_forward(queue(first), shape, type_name(first), maps)
        return out
    native().correlation_forward(choice(), shape, type_name(first), maps, torch.get_num_threads())
    return out


def backward(
    grad: Tensor, first: Tensor, second: Tensor, radius: int, stride: int, dilation: int
) -> tuple[Tensor, Tensor]:
    """Gradients by both maps."""
    grad, first, second = dense(grad), dense(first), dense(second)
    grads = torch.empty_like(first), torch.empty_like(second)
    shape = native().CorrelationShape(first.shape, radius, stride, dilation)
    maps = [one.data_ptr() for one in (grad, first, second, *grads)]
    if on_gpu(first):
        native().gpu_correlation_backward(queue(first), shape, type_name(first), maps)
        return grads
    native().correlation_backward(choice(), shape, type_name(first), maps, torch.get_num_threads())
    return grads
