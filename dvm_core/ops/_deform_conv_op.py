"""The torch operator behind deformable convolution: schema, shapes, autograd, autocast, work count.

`mask=None` means that `offset` is a raw offset-and-mask map. The backward is an operator of its own, so that
compilation and export see two opaque nodes. Both take every layout and give channels_last results.
"""

from types import ModuleType
from typing import Any

import torch
from torch import Tensor
from torch.utils.flop_counter import register_flop_formula

from dvm_core.ops import _deform_conv_cpu, _deform_conv_gpu, _deform_conv_torchvision
from dvm_core.ops import deform_conv_reference as reference
from dvm_core.ops._deform_conv_job import Geometry
from dvm_core.ops._extension import LIBRARY, TORCHVISION, choice, on_gpu, on_reference

_GEOMETRY = "int[2] stride, int[2] padding, int[2] dilation"
LIBRARY.define(
    f"deform_conv2d(Tensor x, Tensor offset, Tensor? mask, Tensor weight, Tensor? bias, {_GEOMETRY}) -> Tensor"
)
LIBRARY.define(
    f"deform_conv2d_backward(Tensor grad, Tensor x, Tensor offset, Tensor? mask, Tensor weight, {_GEOMETRY})"
    " -> (Tensor, Tensor, Tensor, Tensor)"
)


def deform_conv(
    x: Tensor, offset: Tensor, mask: Tensor | None, weight: Tensor, bias: Tensor | None, geometry: Geometry
) -> Tensor:
    """Call the operator; shapes are the caller's care."""
    result: Tensor = torch.ops.dvm.deform_conv2d(x, offset, mask, weight, bias, *geometry)
    return result


def output_size(x: Tensor, weight: Tensor, geometry: Geometry) -> tuple[int, int]:
    """Height and width of the convolution's result."""
    stride, padding, dilation = geometry
    size = [
        (x.shape[2 + i] + 2 * padding[i] - dilation[i] * (weight.shape[2 + i] - 1) - 1) // stride[i] + 1 for i in (0, 1)
    ]
    return size[0], size[1]


def _check_dtypes(x: Tensor, offset: Tensor, mask: Tensor | None, weight: Tensor, bias: Tensor | None) -> None:
    """Below autocast, which settles most of them."""
    for name, value in (("weight", weight), ("bias", bias)):
        if value is not None and value.dtype != x.dtype:
            raise TypeError(f"expected {name} in the dtype of x, {x.dtype}, got {value.dtype}; convert one of them")
    position = torch.float64 if x.dtype == torch.float64 else torch.float32
    for name, value in (("offset", offset), ("mask", mask)):
        if value is not None and value.dtype not in (position, x.dtype):
            raise TypeError(
                f"expected {name} in {position} or the dtype of x, {x.dtype}, got {value.dtype}; convert it"
            )


def _fake(
    x: Tensor, offset: Tensor, mask: Tensor | None, weight: Tensor, bias: Tensor | None, *geometry: list[int]
) -> Tensor:
    _check_dtypes(x, offset, mask, weight, bias)
    rows, cols = output_size(x, weight, (geometry[0], geometry[1], geometry[2]))
    shape = (x.shape[0], weight.shape[0], rows, cols)
    return torch.empty(shape, dtype=x.dtype, device=x.device, memory_format=torch.channels_last)


def _fake_backward(
    grad: Tensor, x: Tensor, offset: Tensor, mask: Tensor | None, weight: Tensor, *geometry: list[int]
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    channels_last = [
        torch.empty(like.shape, dtype=like.dtype, device=like.device, memory_format=torch.channels_last)
        for like in (x, offset)
    ]
    grad_mask = (
        offset.new_empty(0)
        if mask is None
        else torch.empty(mask.shape, dtype=mask.dtype, device=mask.device, memory_format=torch.channels_last)
    )
    return channels_last[0], channels_last[1], grad_mask, weight.new_empty(weight.shape)


def _forward(
    x: Tensor, offset: Tensor, mask: Tensor | None, weight: Tensor, bias: Tensor | None, *geometry: list[int]
) -> Tensor:
    _check_dtypes(x, offset, mask, weight, bias)
    sizes = (geometry[0], geometry[1], geometry[2])
    if not on_reference(x):
        forward = _deform_conv_gpu.forward if on_gpu(x) else _deform_conv_cpu.forward
        return forward(x, offset, mask, weight, bias, sizes)
    if mask is None:
        offset, mask = reference.split_raw(_wide(offset))
    result: Tensor = _plain(x).forward(_wide(x), _wide(offset), _wide(mask), _wide(weight), *sizes)
    if bias is not None:
        result = result + _wide(bias).view(-1, 1, 1)
    return result.to(x.dtype).contiguous(memory_format=torch.channels_last)


def _backward(
    grad: Tensor, x: Tensor, offset: Tensor, mask: Tensor | None, weight: Tensor, *geometry: list[int]
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    sizes = (geometry[0], geometry[1], geometry[2])
    if not on_reference(x):
        backward = _deform_conv_gpu.backward if on_gpu(x) else _deform_conv_cpu.backward
        return backward(grad, x, offset, mask, weight, sizes)
    moves, scale = reference.split_raw(_wide(offset)) if mask is None else (_wide(offset), _wide(mask))
    grads = _plain(x).backward(_wide(grad), _wide(x), moves, scale, _wide(weight), sizes)
    grad_x, grad_offset, grad_mask, grad_weight = grads
    if mask is None:
        grad_offset = torch.cat([grad_offset, grad_mask * scale * (1 - scale)], 1)
        grad_mask = grad_offset.new_empty(0)
    else:
        grad_mask = grad_mask.contiguous(memory_format=torch.channels_last)
    return (
        grad_x.to(x.dtype).contiguous(memory_format=torch.channels_last),
        grad_offset.to(offset.dtype).contiguous(memory_format=torch.channels_last),
        grad_mask.to(offset.dtype if mask is None else mask.dtype),
        grad_weight.to(weight.dtype).contiguous(),
    )


def _plain(x: Tensor) -> ModuleType:
    """What computes where no kernels of ours do; the reference takes also what torchvision does not: no frames at all.

    Checks in float64 always go by the reference.
    """
    if x.shape[0] and x.dtype != torch.float64 and choice(x.device.type) == TORCHVISION:
        return _deform_conv_torchvision
    return reference


def _wide(value: Tensor) -> Tensor:
    """Half precision computes in float32."""
    return value if value.dtype == torch.float64 else value.float()


def _remember(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    x, offset, mask, weight, bias, *geometry = inputs
    ctx.save_for_backward(x, offset, mask, weight)
    ctx.geometry, ctx.has_bias = geometry, bias is not None


def _differentiate(ctx: Any, grad: Tensor) -> tuple[Any, ...]:
    grads = torch.ops.dvm.deform_conv2d_backward(grad, *ctx.saved_tensors, *ctx.geometry)
    grad_x, grad_offset, grad_mask, grad_weight = grads
    grad_bias = grad.sum((0, 2, 3)) if ctx.has_bias else None
    return grad_x, grad_offset, None if ctx.saved_tensors[2] is None else grad_mask, grad_weight, grad_bias, *[None] * 3


def _autocast(
    x: Tensor, offset: Tensor, mask: Tensor | None, weight: Tensor, bias: Tensor | None, *geometry: list[int]
) -> Tensor:
    """Features and weights in the region's precision; positions and mask stay float32."""
    device = x.device.type
    dtype = torch.float64 if x.dtype == torch.float64 else torch.get_autocast_dtype(device)
    position = _wide(offset), None if mask is None else _wide(mask)
    with torch.autocast(device, enabled=False):
        sizes = (geometry[0], geometry[1], geometry[2])
        return deform_conv(x.to(dtype), *position, weight.to(dtype), None if bias is None else bias.to(dtype), sizes)


for _device in ("CPU", "CUDA"):
    LIBRARY.impl("deform_conv2d", _forward, _device)
    LIBRARY.impl("deform_conv2d_backward", _backward, _device)
    LIBRARY.impl("deform_conv2d", _autocast, f"Autocast{_device}")
torch.library.register_fake("dvm::deform_conv2d", _fake, lib=LIBRARY)
torch.library.register_fake("dvm::deform_conv2d_backward", _fake_backward, lib=LIBRARY)
torch.library.register_autograd("dvm::deform_conv2d", _differentiate, setup_context=_remember, lib=LIBRARY)


@register_flop_formula(torch.ops.dvm.deform_conv2d)
def _flops(x: Any, offset: Any, mask: Any, weight: Any, *rest: Any, out_shape: Any = None, **_: Any) -> int:
    """Counted as the plain convolution of the same shape: two for each multiply-add."""
    outputs, channels, tap_rows, tap_cols = weight
    return int(2 * x[0] * outputs * channels * tap_rows * tap_cols * offset[2] * offset[3])


@register_flop_formula(torch.ops.dvm.deform_conv2d_backward)
def _flops_backward(
    grad: Any, x: Any, offset: Any, mask: Any, weight: Any, *rest: Any, out_shape: Any = None, **_: Any
) -> int:
    return 2 * _flops(x, offset, mask, weight)
