"""The spatio-temporal feature aggregation module (ST-FAM): every level of a window, aligned and fused to one frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from dvm_core.model.aggregate import FrameAttention
from dvm_core.model.align import DeformableAlignment
from dvm_core.model.blocks import ConvNormReLU


class SpatioTemporalFusion(nn.Module):
    """Alignment on all levels but the deepest, whose pixels are wider than motion; attention and 1x1 fusion on all.

    Args:
        widths: Channels of each level, finest first.
        frames: Frames in the window.
        groups: Deformable groups.
    """

    def __init__(self, widths: Sequence[int], frames: int, groups: int) -> None:
        super().__init__()
        self.depth = len(widths)
        for level, width in enumerate(widths[:-1]):
            self.add_module(f"flow{level}", DeformableAlignment(width, groups))
        for level, width in enumerate(widths):
            self.add_module(f"attn{level}", FrameAttention(width, frames))
            self.add_module(f"fuse{level}", ConvNormReLU(width * frames, width, 1))

    def halves(self, levels: Sequence[Tensor]) -> list[Tensor]:
        """Neighbour halves of one frame's levels, for all that are aligned; each (N, channels, h, w) of its level."""
        return [self._flow(level).neighbour_half(features) for level, features in enumerate(levels[:-1])]

    def align(self, level: int, window: Sequence[tuple[Tensor, Tensor]], reference: Tensor) -> Tensor:
        """Align and fuse one level with cached halves.

        Args:
            level: Any but the deepest.
            window: Features and neighbour half of each frame, oldest first, each (N, channels, h, w).
            reference: (N, channels, h, w), the frame to align to, which stands in the window too.

        Returns:
            (N, channels, h, w).
        """
        flow = self._flow(level)
        half = flow.reference_half(reference)
        return self.fuse(level, [flow.align(features, neighbour, half) for features, neighbour in window])

    def fuse(self, level: int, maps: Sequence[Tensor]) -> Tensor:
        """Weigh and fuse aligned maps, one (N, channels, h, w) a frame, oldest first, to (N, channels, h, w)."""
        attended = self.get_submodule(f"attn{level}")(torch.cat(list(maps), dim=1))
        return cast(Tensor, self.get_submodule(f"fuse{level}")(attended))

    def forward(self, levels: Sequence[Tensor], step: int) -> list[Tensor]:
        """Align and fuse as published, without caches.

        Args:
            levels: (frames - 1 + step, channels, h, w) for each level: consecutive frames along the batch.
            step: Frames that are asked for, the last ones.

        Returns:
            (step, channels, h, w) for each level.
        """
        fused = []
        for level, features in enumerate(levels):
            reference = features[-step:]
            maps = [features[i : i + step] for i in range(features.shape[0] - step + 1)]
            if level < self.depth - 1:
                maps = [self._flow(level)(neighbour, reference) for neighbour in maps]
            fused.append(self.fuse(level, maps))
        return fused

    def _flow(self, level: int) -> DeformableAlignment:
        return cast(DeformableAlignment, self.get_submodule(f"flow{level}"))
