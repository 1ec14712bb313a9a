"""The large-kernel skip connection (Peng et al., *Large Kernel Matters*): 7x7 context from pairs of 7x1 and 1x7."""

from __future__ import annotations

from torch import Tensor, nn


class LargeKernelSkip(nn.Module):
    """Two separable 7x7 branches, summed; no activation.

    The second branch pads the other axis than it filters. Sizes come out right, the outer columns and rows differ
    from what centred padding gives: published weights were trained so, hence it stays. A map narrower than 7 pixels
    cannot pass.

    Args:
        channels: Channels in and out.
    """

    MINIMUM_WIDTH = 7

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv_l1 = nn.Conv2d(channels, channels, (7, 1), padding=(3, 0))
        self.conv_l2 = nn.Conv2d(channels, channels, (1, 7), padding=(0, 3))
        self.conv_r1 = nn.Conv2d(channels, channels, (1, 7), padding=(3, 0))
        self.conv_r2 = nn.Conv2d(channels, channels, (7, 1), padding=(0, 3))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, channels, h, w) to the same shape."""
        left: Tensor = self.conv_l2(self.conv_l1(x))
        right: Tensor = self.conv_r2(self.conv_r1(x))
        return left + right
