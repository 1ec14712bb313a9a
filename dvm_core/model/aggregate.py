"""Temporal feature aggregation: which channels and places of the aligned frames to trust, then one map of them.

Channel attention, spatial attention (Woo et al., *CBAM*, without its max branch in the channels), 1x1 fusion.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from dvm_core.model.blocks import ConvNormReLU

SMALLEST_WEIGHT = 1e-6
"""Keeps the weighted mean of a region without any pixel at 0 instead of NaN."""


def weighted_mean(maps: Tensor, weight: Tensor) -> Tensor:
    """Mean of each channel over the pixels that count.

    Args:
        maps: (N, C, h, w).
        weight: (N, 1, h, w), not negative.

    Returns:
        (N, C); 0 where the whole weight is 0.
    """
    total = weight.sum(dim=(2, 3)).clamp_min(SMALLEST_WEIGHT)
    return (maps * weight).sum(dim=(2, 3)) / total


class ChannelAttention(nn.Module):
    """A gain in (0, 1) for each channel, from the channels' means.

    Args:
        channels: Channels of all frames together.
        hidden: Width of the layer between.
    """

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.fc = nn.Sequential(
            nn.Linear(channels, hidden, bias=False), nn.ReLU(inplace=True), nn.Linear(hidden, channels, bias=False)
        )

    def forward(self, pooled: Tensor) -> Tensor:
        """Map the channels' means (N, C) to gains (N, C, 1, 1)."""
        return cast(Tensor, self.fc(pooled)).sigmoid()[:, :, None, None]


class SpatialAttention(nn.Module):
    """A gain in (0, 1) for each pixel, from the mean and the maximum over channels; its reach is 3 pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 1, 7, padding=3, bias=False)

    def forward(self, maps: Tensor) -> Tensor:
        """Map (N, C, h, w) to gains (N, 1, h, w)."""
        summary = torch.cat([maps.mean(dim=1, keepdim=True), maps.amax(dim=1, keepdim=True)], dim=1)
        return cast(Tensor, self.conv(summary)).sigmoid()


class FrameAttention(nn.Module):
    """Channel attention, then spatial attention, over the stacked maps of a window.

    Args:
        channels: Channels of one frame.
        frames: Frames in the window.
    """

    def __init__(self, channels: int, frames: int) -> None:
        super().__init__()
        self.ca = ChannelAttention(channels * frames, channels)
        self.sa = SpatialAttention()

    def forward(self, maps: Tensor, pooled: Tensor | None = None) -> Tensor:
        """Weigh the window's maps.

        Args:
            maps: (N, frames * channels, h, w), oldest frame first.
            pooled: (N, frames * channels), the channels' means where the whole frame does not count, as from
                `weighted_mean`; by default the global mean, as published.

        Returns:
            (N, frames * channels, h, w).
        """
        maps = maps * self.ca(maps.mean(dim=(2, 3)) if pooled is None else pooled)
        gain: Tensor = self.sa(maps)
        return maps * gain


class Aggregation(nn.Module):
    """Attention over a window's aligned maps, and their 1x1 fusion to one.

    Args:
        channels: Channels of one frame, and of the result.
        frames: Frames in the window.
    """

    def __init__(self, channels: int, frames: int) -> None:
        super().__init__()
        self.attn = FrameAttention(channels, frames)
        self.fuse = ConvNormReLU(channels * frames, channels, 1)

    def forward(self, maps: Sequence[Tensor], weight: Tensor | None = None) -> Tensor:
        """Fuse aligned maps.

        Args:
            maps: One (N, channels, h, w) for each frame, oldest first.
            weight: (N, 1, h, w), which pixels the channel attention looks at; by default all alike.

        Returns:
            (N, channels, h, w).
        """
        stacked = torch.cat(list(maps), dim=1)
        pooled = None if weight is None else weighted_mean(stacked, weight)
        return cast(Tensor, self.fuse(self.attn(stacked, pooled)))
