"""The units that every block of the network is made of."""

from __future__ import annotations

import torch
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
        return functional.relu(self.norm(self.conv(x)), inplace=True)


class PreciseConv2d(nn.Conv2d):
    """A convolution that computes and answers in float32 at least, whatever autocast or its input say.

    For the few outputs whose rounding shows: sampling offsets (in bf16 they cost ten times its usual error) and logits.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, h, w) to (N, outputs, h, w) in float32, or float64 where `x` is."""
        precise = torch.promote_types(x.dtype, torch.float32)
        bias = None if self.bias is None else self.bias.to(precise)
        with torch.autocast(x.device.type, enabled=False):
            answer: Tensor = self._conv_forward(x.to(precise), self.weight.to(precise), bias)
        return answer
