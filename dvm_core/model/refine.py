"""The refinement stage: a shallow look at the picture and the first alpha, at full resolution."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from dvm_core.model.blocks import ConvNormReLU


class Refinement(nn.Module):
    """Three 3x3 convolutions over the picture and its first alpha.

    Args:
        width: Channels that go out.
    """

    REACH = 3
    """Pixels around an output pixel's own that it looks at."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = ConvNormReLU(4, width, 3)
        self.conv2 = ConvNormReLU(width, width, 3)
        self.conv3 = ConvNormReLU(width, width, 3)

    def forward(self, picture: Tensor, alpha: Tensor) -> Tensor:
        """Map normalised RGB (N, 3, h, w) and alpha (N, 1, h, w) to (N, width, h, w)."""
        x = self.conv1(torch.cat([picture, alpha], dim=1))
        return cast(Tensor, self.conv3(self.conv2(x)))
