"""Temporal fusion of one level of `lite`: the paper's alignment and aggregation in a narrow space, added as a residual.

Features are narrowed, neighbours aligned to the frame, the window aggregated, and the result widened again by a
convolution that starts at zero. So an untrained fusion changes nothing, and what it learns is what time adds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from torch import Tensor, nn

from dvm_core.model.aggregate import Aggregation
from dvm_core.model.align import DeformableAlignment

REACH = 6.0
"""Cells of its level that a sampling point may move. Unbounded, offsets run away to where there is nothing to see, and
do not come back: no gradient leads from there."""


class TemporalFusion(nn.Module):
    """What the neighbours add to one level's features.

    Args:
        channels: Channels of the level.
        width: Channels that alignment and aggregation work in, a multiple of `groups`.
        groups: Deformable groups.
        frames: Frames in the window.
    """

    def __init__(self, channels: int, width: int, groups: int, frames: int) -> None:
        super().__init__()
        # To unit variance: offsets are linear in these maps, and must begin as a matter of pixels.
        self.narrow = nn.Sequential(nn.Conv2d(channels, width, 1, bias=False), nn.BatchNorm2d(width))
        self.align = DeformableAlignment(width, groups, REACH)
        self.aggregate = Aggregation(width, frames)
        self.widen = nn.Conv2d(width, channels, 1)
        nn.init.zeros_(self.widen.weight)
        nn.init.zeros_(cast(Tensor, self.widen.bias))

    def neighbour(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """All that a frame gives as a neighbour: narrowed features and their half of the offsets; (N, width, h, w)."""
        narrowed = self.narrow(features)
        return narrowed, self.align.neighbour_half(narrowed)

    def aligned(self, neighbours: Sequence[tuple[Tensor, Tensor]], frame: int) -> list[Tensor]:
        """The window's narrowed features, moved to where its frame has them.

        Args:
            neighbours: `neighbour` of every frame in the window, oldest first.
            frame: Position of the frame itself.

        Returns:
            One (N, width, h, w) for each frame.
        """
        own = neighbours[frame][0]
        reference = self.align.reference_half(own)
        return [
            own if position == frame else self.align.align(narrowed, half, reference)
            for position, (narrowed, half) in enumerate(neighbours)
        ]

    def forward(self, aligned: Sequence[Tensor], weight: Tensor) -> Tensor:
        """The residual that the window adds to its frame.

        Args:
            aligned: As from `aligned`.
            weight: (N, 1, h, w), the share of unknown pixels: channel attention looks at those only, so that its
                means do not depend on how much known plate stands around them.

        Returns:
            (N, channels, h, w).
        """
        return cast(Tensor, self.widen(self.aggregate(aligned, weight)))
