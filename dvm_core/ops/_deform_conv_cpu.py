"""Hands tensors to the compiled deformable convolution of the CPU: layouts, temporaries and addresses, no maths."""

import torch
from torch import Tensor

from dvm_core.ops._deform_conv_job import Geometry, Sampling, shape_of
from dvm_core.ops._extension import choice, dense, fresh, native, type_name
from dvm_core.ops._packed import packed


def forward(
    x: Tensor, offset: Tensor, mask: Tensor | None, weight: Tensor, bias: Tensor | None, geometry: Geometry
) -> Tensor:
    """Deformable convolution; `mask=None` marks a raw map."""
    size = (x.shape[0], weight.shape[0], offset.shape[2], offset.shape[3])
    out = fresh(torch.empty(size, dtype=x.dtype, memory_format=torch.channels_last))
    x, sampling = dense(x), Sampling.of(offset, mask)
    shape = shape_of(x, out, sampling, weight, geometry)
    weight_rows = packed(weight, shape)
    bias = None if bias is None else bias.contiguous()
    maps = [x.data_ptr(), weight_rows.data_ptr(), 0 if bias is None else bias.data_ptr(), out.data_ptr()]
    native().deform_conv_forward(choice(), shape, sampling.native(), type_name(x), maps, torch.get_num_threads())
    return out


def backward(
    grad: Tensor, x: Tensor, offset: Tensor, mask: Tensor | None, weight: Tensor, geometry: Geometry
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Gradients by x, offset (or raw map), mask (empty for a raw map) and weight."""
    grad, x, sampling = dense(grad), dense(x), Sampling.of(offset, mask)
    grad_x, grads = fresh(torch.empty_like(x, dtype=torch.float32)), sampling.empty_like()
    for one in grads:
        if one is not None:
            fresh(one)
    grad_weight = fresh(torch.empty(weight.shape, dtype=torch.float32))
    inputs = [grad.data_ptr(), x.data_ptr(), weight.data_ptr()]
    native().deform_conv_backward(
        choice(),
        shape_of(x, grad, sampling, weight, geometry),
        sampling.native(),
        type_name(x),
        weight.stride(),
        [*inputs, grad_x.data_ptr(), *grads.starts(), grad_weight.data_ptr()],
        torch.get_num_threads(),
    )
    return grad_x.to(x.dtype), *grads.like(offset, mask), grad_weight.to(weight.dtype)
