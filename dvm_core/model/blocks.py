"""The unit that every block of the network is made of."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn
from torch.nn import functional


class ConvNormReLU(nn.Module):
    """Square convolution without bias, batch normalisation, ReLU; size is kept but for the stride.

    Args:
        inputs: Channels that come in.
        outputs: Channels that go out.
        kernel: Odd side of the kernel, in pixels.
        stride: Pixels in for each pixel out.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, h, w) to (N, outputs, h / stride, w / stride)."""
        return functional.relu(cast(Tensor, self.norm(self.conv(x))), inplace=True)
