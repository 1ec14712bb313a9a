"""What every compiled deformable convolution is told: its shape, and where offsets and masks lie."""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from dvm_core.ops._extension import dense, native

Geometry = tuple[list[int], list[int], list[int]]
"""Stride, padding and dilation, each vertical and horizontal."""


class Sampling(NamedTuple):
    """Offsets and masks as the kernels want them: float32, channels_last; no mask means a raw map."""

    offset: Tensor
    mask: Tensor | None

    @classmethod
    def of(cls, offset: Tensor, mask: Tensor | None) -> "Sampling":
        """Converted where it must be."""
        return cls(dense(offset.float()), None if mask is None else dense(mask.float()))

    def empty_like(self) -> "Sampling":
        """Room for gradients."""
        return Sampling(torch.empty_like(self.offset), None if self.mask is None else torch.empty_like(self.mask))

    def like(self, offset: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """Gradients in the dtypes of what they belong to; the mask's is empty for a raw map."""
        grad_mask = offset.new_empty(0) if mask is None or self.mask is None else self.mask.to(mask.dtype)
        return self.offset.to(offset.dtype), grad_mask

    @property
    def lanes(self) -> int:
        """Sampled positions a pixel."""
        return self.offset.shape[1] // 3 if self.mask is None else self.mask.shape[1]

    def starts(self) -> tuple[int, int]:
        """Addresses of the first offset and the first mask value; in a raw map masks follow offsets."""
        offset = self.offset.data_ptr()
        return offset, offset + 2 * self.lanes * 4 if self.mask is None else self.mask.data_ptr()

    def native(self) -> Any:
        """The extension's own form."""
        pitches = (self.offset.shape[1], self.offset.shape[1] if self.mask is None else self.mask.shape[1])
        return native().DeformConvSampling(*self.starts(), pitches, self.mask is None)


def shape_of(x: Tensor, out: Tensor, sampling: Sampling, weight: Tensor, geometry: Geometry) -> Any:
    """The extension's own form of a convolution's sizes.

    Raises:
        ValueError: One image has more elements than a 32-bit index counts.
    """
    if x[:1].numel() >= 2**31:
        raise ValueError(f"expected fewer than 2^31 features an image, got {x[:1].numel()}; compute in tiles")
    taps = (weight.shape[2], weight.shape[3])
    return native().DeformConvShape(x.shape, out.shape, taps, *geometry, sampling.lanes // (taps[0] * taps[1]))
