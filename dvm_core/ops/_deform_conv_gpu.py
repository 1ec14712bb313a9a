"""Deformable convolution on CUDA devices.

In halves of up to 256 channels, one fused kernel samples and multiplies; otherwise columns are ours and products are
torch's, chunk by chunk on one stream. Gradients go the second way.

Every temporary comes from torch's allocator and nothing synchronises, so a CUDA graph can capture it all.
"""

from typing import Any

import torch
from torch import Tensor

from dvm_core.ops._deform_conv_job import Geometry, Sampling, shape_of
from dvm_core.ops._extension import FUSED, choice, dense, native, type_name
from dvm_core.ops._gpu import chunks, queue


def forward(
    x: Tensor, offset: Tensor, mask: Tensor | None, weight: Tensor, bias: Tensor | None, geometry: Geometry
) -> Tensor:
    """Deformable convolution; `mask=None` marks a raw map."""
    x, sampling = dense(x), Sampling.of(offset, mask)
    out = x.new_empty((x.shape[0], offset.shape[2], offset.shape[3], weight.shape[0]))
    result = out.permute(0, 3, 1, 2)
    shape = shape_of(x, result, sampling, weight, geometry)
    room = native().deform_conv_fused_outputs(shape, type_name(x)) if choice(x.device.type).endswith(FUSED) else 0
    if room:
        packed, bias = _fused_weight(weight, room), None if bias is None else bias.contiguous()
        maps = (x.data_ptr(), packed.data_ptr(), 0 if bias is None else bias.data_ptr(), out.data_ptr())
        native().deform_conv_fused(queue(x), shape, sampling.native(), type_name(x), maps)
        return result
    rows, matrix = out.view(-1, weight.shape[0]), weight.permute(2, 3, 1, 0).reshape(-1, weight.shape[0])
    parts, columns = _columns(x, rows, matrix.shape[0])
    for first, count in parts:
        part = columns[:count]
        native().deform_conv_columns(queue(x), _job(shape, sampling, x, part, first))
        if bias is None:
            torch.mm(part, matrix, out=rows[first : first + count])
        else:
            torch.addmm(bias, part, matrix, out=rows[first : first + count])
    return result


def _fused_weight(weight: Tensor, room: int) -> Tensor:
    """(O, C, kh, kw) to (C / 64, kh kw, room, 64), with zeros past the outputs that there are.

    Anew at each call: that a weight is what it was shows only in its bytes, and a decision by them would wait for the
    device, which the capture of a graph forbids.
    """
    outputs, channels = weight.shape[:2]
    steps = weight.reshape(outputs, channels // 64, 64, -1).permute(1, 3, 0, 2)
    return torch.nn.functional.pad(steps, (0, 0, 0, room - outputs)).contiguous()


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
