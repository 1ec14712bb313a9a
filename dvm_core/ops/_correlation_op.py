"""The torch operator behind local correlation: schema, shapes, autograd, autocast, work count."""

from typing import Any

import torch
from torch import Tensor
from torch.utils.flop_counter import register_flop_formula

from dvm_core.ops import _correlation_native as kernels
from dvm_core.ops import correlation_reference as reference
from dvm_core.ops._extension import LIBRARY, on_reference

LIBRARY.define("correlation(Tensor first, Tensor second, int radius, int stride, int dilation) -> Tensor")
LIBRARY.define(
    "correlation_backward(Tensor grad, Tensor first, Tensor second, int radius, int stride, int dilation)"
    " -> (Tensor, Tensor)"
)


def correlate(first: Tensor, second: Tensor, radius: int, stride: int, dilation: int) -> Tensor:
    """Call the operator; shapes are the caller's care."""
    result: Tensor = torch.ops.dvm.correlation(first, second, radius, stride, dilation)
    return result


def _fake(first: Tensor, second: Tensor, radius: int, stride: int, dilation: int) -> Tensor:
    size = [(side + stride - 1) // stride for side in first.shape[2:]]
    shape = (first.shape[0], (2 * radius + 1) ** 2, size[0], size[1])
    return torch.empty(shape, dtype=first.dtype, device=first.device, memory_format=torch.channels_last)


def _fake_backward(
    grad: Tensor, first: Tensor, second: Tensor, radius: int, stride: int, dilation: int
) -> tuple[Tensor, Tensor]:
    empty = [torch.empty(first.shape, dtype=first.dtype, device=first.device, memory_format=torch.channels_last)] * 2
    return empty[0], torch.empty_like(empty[0])


def _forward(first: Tensor, second: Tensor, radius: int, stride: int, dilation: int) -> Tensor:
    if second.dtype != first.dtype:
        raise TypeError(
            f"expected second in the dtype of first, {first.dtype}, got {second.dtype}; convert one of them"
        )
    if not on_reference(first):
        return kernels.forward(first, second, radius, stride, dilation)
    result = reference.forward(_wide(first), _wide(second), radius, stride, dilation)
    return result.to(first.dtype).contiguous(memory_format=torch.channels_last)


def _backward(
    grad: Tensor, first: Tensor, second: Tensor, radius: int, stride: int, dilation: int
) -> tuple[Tensor, Tensor]:
    if not on_reference(first):
        return kernels.backward(grad, first, second, radius, stride, dilation)
    grads = reference.backward(_wide(grad), _wide(first), _wide(second), radius, stride, dilation)
    grad_first, grad_second = (one.to(first.dtype).contiguous(memory_format=torch.channels_last) for one in grads)
    return grad_first, grad_second


def _wide(value: Tensor) -> Tensor:
    """Half precision computes in float32."""
    return value if value.dtype == torch.float64 else value.float()


def _remember(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    ctx.save_for_backward(inputs[0], inputs[1])
    ctx.numbers = inputs[2:]


def _differentiate(ctx: Any, grad: Tensor) -> tuple[Any, ...]:
    grads = torch.ops.dvm.correlation_backward(grad, *ctx.saved_tensors, *ctx.numbers)
    return grads[0], grads[1], None, None, None


def _autocast(first: Tensor, second: Tensor, radius: int, stride: int, dilation: int) -> Tensor:
    """Both maps in the region's precision; sums are float32 in the kernel."""
    device = first.device.type
    dtype = torch.float64 if first.dtype == torch.float64 else torch.get_autocast_dtype(device)
    with torch.autocast(device, enabled=False):
        return correlate(first.to(dtype), second.to(dtype), radius, stride, dilation)


for _device in ("CPU", "CUDA"):
    LIBRARY.impl("correlation", _forward, _device)
    LIBRARY.impl("correlation_backward", _backward, _device)
    LIBRARY.impl("correlation", _autocast, f"Autocast{_device}")
torch.library.register_fake("dvm::correlation", _fake, lib=LIBRARY)
torch.library.register_fake("dvm::correlation_backward", _fake_backward, lib=LIBRARY)
torch.library.register_autograd("dvm::correlation", _differentiate, setup_context=_remember, lib=LIBRARY)


@register_flop_formula(torch.ops.dvm.correlation)
def _flops(first: Any, *rest: Any, out_shape: Any, **_: Any) -> int:
    """Two for each multiply-add."""
    batch, shifts, rows, cols = out_shape
    return int(2 * batch * shifts * rows * cols * first[1])


@register_flop_formula(torch.ops.dvm.correlation_backward)
def _flops_backward(grad: Any, first: Any, *rest: Any, out_shape: Any = None, **_: Any) -> int:
    return 2 * _flops(first, out_shape=grad)
