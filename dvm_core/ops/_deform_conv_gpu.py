"""Deformable convolution on CUDA devices: columns by our kernel, products by torch, chunk by chunk on one stream.

Every temporary comes from torch's allocator and nothing synchronises, so a CUDA graph can capture it all.
"""

from typing import Any

import torch
from torch import Tensor

from dvm_core.ops._deform_conv_job import Geometry, Sampling, shape_of
from dvm_core.ops._extension import dense, native, type_name
from dvm_core.ops._gpu import chunks, queue


def forward(
    x: Tensor, offset: Tensor, mask: Tensor | None, weight: Tensor, bias: Tensor | None, geometry: Geometry
) -> Tensor:
    """Deformable convolution; `mask=None` marks a raw map."""
    x, sampling = dense(x), Sampling.of(offset, mask)
    size = (x.shape[0], offset.shape[2], offset.shape[3], weight.shape[0])
    out = x.new_empty(size)
    shape = shape_of(x, out.permute(0, 3, 1, 2), sampling, weight, geometry)
    rows, matrix = out.view(-1, weight.shape[0]), weight.permute(2, 3, 1, 0).reshape(-1, weight.shape[0])
    parts, columns = _columns(x, rows, matrix.shape[0])
    for first, count in parts:
        part = columns[:count]
        native().deform_conv_columns(queue(x), _job(shape, sampling, x, part, first))
        if bias is None:
            torch.mm(part, matrix, out=rows[first : first + count])
        else:
            torch.addmm(bias, part, matrix, out=rows[first : first + count])
    return out.permute(0, 3, 1, 2)


def backward(
    grad: Tensor, x: Tensor, offset: Tensor, mask: Tensor | None, weight: Tensor, geometry: Geometry
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Gradients by x, offset (or raw map), mask (empty for a raw map) and weight.

    Raises:
        RuntimeError: Deterministic algorithms were asked for: x receives its gradient by atomic additions.
    """
    if x.is_cuda and torch.are_deterministic_algorithms_enabled():
        raise RuntimeError(
            "expected deterministic algorithms to be off for deformable convolution's gradient on CUDA, which adds "
            "atomically; turn them off, or differentiate on the CPU"
        )
    x, sampling = dense(x), Sampling.of(offset, mask)
    shape = shape_of(x, grad, sampling, weight, geometry)
    rows = grad.permute(0, 2, 3, 1).reshape(-1, weight.shape[0])
    matrix = weight.permute(0, 2, 3, 1).reshape(weight.shape[0], -1)
    grad_x = torch.zeros_like(x, dtype=torch.float32)
    grads = sampling.empty_like()
    total = torch.zeros(matrix.shape[::-1], dtype=torch.float32, device=x.device)
    parts, columns = _columns(x, rows, matrix.shape[1])
    for first, count in parts:
        part, slope = columns[:count], rows[first : first + count]
        torch.mm(slope, matrix, out=part)
        native().deform_conv_scatter(
            queue(x), _job(shape, sampling, x, part, first), (grad_x.data_ptr(), *grads.starts())
        )
        total += torch.mm(part.t(), slope)
    outputs, channels, tap_rows, tap_cols = weight.shape
    grad_weight = total.view(tap_rows, tap_cols, channels, outputs).permute(3, 2, 0, 1).contiguous()
    return grad_x.to(x.dtype), *grads.like(offset, mask), grad_weight.to(weight.dtype)


def _columns(x: Tensor, rows: Tensor, depth: int) -> tuple[list[tuple[int, int]], Tensor]:
    """The chunks, and room for the columns of the largest."""
    parts = chunks(rows.shape[0], depth * x.element_size())
    return parts, x.new_empty(parts[0][1] if parts else 0, depth)


def _job(shape: Any, sampling: Sampling, x: Tensor, columns: Tensor, first: int) -> Any:
    maps = (x.data_ptr(), columns.data_ptr())
    return native().DeformConvColumns(shape, sampling.native(), type_name(x), maps, (first, columns.shape[0]))
