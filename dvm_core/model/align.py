"""Temporal feature alignment: a neighbour's features, moved to where the reference frame has them.

Offsets are estimated from both frames; a modulated deformable convolution (Zhu et al., *Deformable ConvNets v2*) then
samples the neighbour. The first offset convolution sees `cat(neighbour, reference)`, and a convolution of stacked maps
is the sum of the convolutions of each, so its neighbour half belongs to one frame alone: computed once, it serves
every window that the frame stands in.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from dvm_core.model.blocks import PreciseConv2d
from dvm_core.ops import deform_conv2d_raw, deform_conv_reference

TAPS = 9
"""Sampling points of the 3x3 deformable kernel."""

LEAK = 0.1
"""Slope of the offset network's activations below zero."""


class ModulatedDeformConv(nn.Module):
    """A 3x3 deformable convolution that derives its offsets and mask from a motion map.

    It starts as a plain convolution at half strength: zero offsets, mask 0.5.

    Args:
        channels: Channels in and out, a multiple of `groups`.
        groups: Deformable groups; the channels of a group share their sampling points.
        reach: How far a tap may move, in pixels of the map; 0 for any distance, as published.
    """

    def __init__(self, channels: int, groups: int, reach: float = 0.0) -> None:
        super().__init__()
        self._reach = reach
        plain = nn.Conv2d(channels, channels, 3)
        self.weight = plain.weight
        self.bias = cast(nn.Parameter, plain.bias)
        self.conv_offset_mask = PreciseConv2d(channels, 3 * TAPS * groups, 3, padding=1)
        nn.init.zeros_(self.conv_offset_mask.weight)
        nn.init.zeros_(cast(Tensor, self.conv_offset_mask.bias))

    def forward(self, features: Tensor, motion: Tensor) -> Tensor:
        """Sample and filter.

        Args:
            features: (N, channels, h, w), sampled.
            motion: (N, channels, h, w), what the offsets are predicted from.

        Returns:
            (N, channels, h, w), no activation.
        """
        raw: Tensor = self.conv_offset_mask(motion)
        if self._reach:
            offset = raw[:, : raw.shape[1] // 3 * 2]
            offset.copy_(self._reach * torch.tanh(offset / self._reach))  # in place: the map is large
        # What is exported runs where our operator is not.
        if torch.jit.is_tracing():  # type: ignore[attr-defined, no-untyped-call]
            one = [1, 1]
            plain = deform_conv_reference.forward(
                features, *deform_conv_reference.split_raw(raw), self.weight, one, one, one
            )
            return plain + self.bias[:, None, None]
        return deform_conv2d_raw(features, raw, self.weight, self.bias, padding=1)


class DeformableAlignment(nn.Module):
    """Alignment of one level's features: offset convolutions, then the deformable convolution.

    Args:
        channels: Channels of the level, a multiple of `groups`.
        groups: Deformable groups.
        reach: As of `ModulatedDeformConv`.
    """

    def __init__(self, channels: int, groups: int = 8, reach: float = 0.0) -> None:
        super().__init__()
        self.off_conv1 = nn.Conv2d(2 * channels, channels, 3, padding=1)
        self.off_conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.dcnpack = ModulatedDeformConv(channels, groups, reach)

    def neighbour_half(self, features: Tensor) -> Tensor:
        """What (N, channels, h, w) adds to the first offset convolution as a neighbour; of one frame, so cacheable."""
        weight = self.off_conv1.weight[:, : features.shape[1]]
        return functional.conv2d(features, weight, padding=1)

    def reference_half(self, features: Tensor) -> Tensor:
        """What (N, channels, h, w) adds to the first offset convolution as the reference, the bias included."""
        weight = self.off_conv1.weight[:, features.shape[1] :]
        return functional.conv2d(features, weight, self.off_conv1.bias, padding=1)

    def align(self, neighbour: Tensor, neighbour_half: Tensor, reference_half: Tensor) -> Tensor:
        """Align with both halves at hand.

        Args:
            neighbour: (N, channels, h, w) features to move.
            neighbour_half: (N, channels, h, w), `neighbour_half(neighbour)`.
            reference_half: (N, channels, h, w), `reference_half` of the frame to move them to.

        Returns:
            (N, channels, h, w).
        """
        return self._sample(neighbour, neighbour_half + reference_half)

    def forward(self, neighbour: Tensor, reference: Tensor) -> Tensor:
        """Align as published, without a cache: (N, channels, h, w) each, to (N, channels, h, w)."""
        return self._sample(neighbour, self.off_conv1(torch.cat([neighbour, reference], dim=1)))

    def _sample(self, neighbour: Tensor, first: Tensor) -> Tensor:
        motion = self.off_conv2(functional.leaky_relu(first, LEAK, inplace=True))
        return cast(Tensor, self.dcnpack(neighbour, functional.leaky_relu(motion, LEAK, inplace=True)))
