"""Hands tensors to the compiled deformable convolution: layouts, temporaries and raw pointers, no maths."""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from dvm_core.ops._extension import choice, dense, native, type_name

Geometry = tuple[list[int], list[int], list[int]]


class _Sampling(NamedTuple):
    """Offsets and masks as the kernels want them: float32, channels_last."""

    offset: Tensor
    mask: Tensor | None

    @classmethod
    def of(cls, offset: Tensor, mask: Tensor | None) -> "_Sampling":
        return cls(dense(offset.float()), None if mask is None else dense(mask.float()))

    @property
    def lanes(self) -> int:
        """Sampled positions a pixel."""
        return self.offset.shape[1] // 3 if self.mask is None else self.mask.shape[1]

    def starts(self) -> tuple[int, int]:
        """Addresses of the first offset and the first mask value; in a raw map masks follow offsets."""
        offset = self.offset.data_ptr()
        return offset, offset + 2 * self.lanes * 4 if self.mask is None else self.mask.data_ptr()

    def native(self) -> Any:
        pitches = (self.offset.shape[1], self.offset.shape[1] if self.mask is None else self.mask.shape[1])
        return native().DeformConvSampling(*self.starts(), pitches, self.mask is None)


def forward(
    x: Tensor, offset: Tensor, mask: Tensor | None, weight: Tensor, bias: Tensor | None, geometry: Geometry
) -> Tensor:
    """Deformable convolution by the compiled kernels; `mask=None` marks a raw map."""
    size = (x.shape[0], weight.shape[0], offset.shape[2], offset.shape[3])
    out = torch.empty(size, dtype=x.dtype, memory_format=torch.channels_last)
    x, sampling = dense(x), _Sampling.of(offset, mask)
    shape = _shape(x, out, sampling, weight, geometry)
    packed = _packed(weight, shape)
    bias = None if bias is None else bias.contiguous()
    maps = [x.data_ptr(), packed.data_ptr(), 0 if bias is None else bias.data_ptr(), out.data_ptr()]
    native().deform_conv_forward(choice(), shape, sampling.native(), type_name(x), maps, torch.get_num_threads())
    return out


def backward(
    grad: Tensor, x: Tensor, offset: Tensor, mask: Tensor | None, weight: Tensor, geometry: Geometry
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Gradients by x, offset (or raw map), mask (empty for a raw map) and weight."""
    grad, x, sampling = dense(grad), dense(x), _Sampling.of(offset, mask)
    grad_x = torch.empty(x.shape, dtype=torch.float32, memory_format=torch.channels_last).zero_()
    grads = _Sampling(torch.empty_like(sampling.offset), None if mask is None else torch.empty_like(sampling.mask))
    grad_weight = torch.empty(weight.shape, dtype=torch.float32)
    inputs = [grad.data_ptr(), x.data_ptr(), weight.data_ptr()]
    native().deform_conv_backward(
        choice(),
        _shape(x, grad, sampling, weight, geometry),
        sampling.native(),
        type_name(x),
        weight.stride(),
        [*inputs, grad_x.data_ptr(), *grads.starts(), grad_weight.data_ptr()],
        torch.get_num_threads(),
    )
    grad_mask = offset.new_empty(0) if mask is None or grads.mask is None else grads.mask.to(mask.dtype)
    return grad_x.to(x.dtype), grads.offset.to(offset.dtype), grad_mask, grad_weight.to(weight.dtype)


def _packed(weight: Tensor, shape: Any) -> Tensor:
    packed = torch.empty(native().deform_conv_packed_bytes(choice(), shape, type_name(weight)), dtype=torch.uint8)
    native().deform_conv_pack(
        choice(),
        shape,
        type_name(weight),
        weight.data_ptr(),
        weight.stride(),
        packed.data_ptr(),
        torch.get_num_threads(),
    )
    return packed


def _shape(x: Tensor, out: Tensor, sampling: _Sampling, weight: Tensor, geometry: Geometry) -> Any:
    taps = (weight.shape[2], weight.shape[3])
    return native().DeformConvShape(x.shape, out.shape, taps, *geometry, sampling.lanes // (taps[0] * taps[1]))
