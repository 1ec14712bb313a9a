"""Deformable convolution by torchvision's operators, in float32, in the form of the reference; at least one frame.

Both operators are called below autograd, where `torchvision.ops.deform_conv2d` would record nothing.
"""

import torch
from torch import Tensor

_OUTSIDE = 1e6  # pixels: off every map


def forward(
    x: Tensor, offset: Tensor, mask: Tensor, weight: Tensor, stride: list[int], padding: list[int], dilation: list[int]
) -> Tensor:
    """As `deform_conv_reference.forward`."""
    result: Tensor = torch.ops.torchvision.deform_conv2d(
        *_operands(x, weight, offset, mask), *_sizes(x, offset, weight, (stride, padding, dilation))
    )
    return result


def backward(
    grad: Tensor,
    x: Tensor,
    offset: Tensor,
    mask: Tensor,
    weight: Tensor,
    geometry: tuple[list[int], list[int], list[int]],
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """As `deform_conv_reference.backward`."""
    grad_x, grad_weight, grad_offset, grad_mask, _ = torch.ops.torchvision._deform_conv2d_backward(
        grad.contiguous(), *_operands(x, weight, offset, mask), *_sizes(x, offset, weight, geometry)
    )
    return grad_x, grad_offset, grad_mask, grad_weight


def _operands(x: Tensor, weight: Tensor, offset: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
    """Features, weight, offset, mask and a bias of 0; NaN and infinity, which it would read anywhere, go outside."""
    offset = torch.nan_to_num(offset, _OUTSIDE).clamp(-_OUTSIDE, _OUTSIDE)
    bias = weight.new_zeros(weight.shape[0])
    return x.contiguous(), weight.contiguous(), offset.contiguous(), mask.contiguous(), bias


def _sizes(
    x: Tensor, offset: Tensor, weight: Tensor, geometry: tuple[list[int], list[int], list[int]]
) -> tuple[int | bool, ...]:
    """Stride, padding, dilation, groups of the weight (1), deformable groups, and that there is a mask."""
    stride, padding, dilation = geometry
    groups = offset.shape[1] // (2 * weight.shape[2] * weight.shape[3])
    return *stride, *padding, *dilation, 1, groups, True
