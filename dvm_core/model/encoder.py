"""ResNet-50 (He et al., *Deep Residual Learning*), with the stride in the 3x3 convolution and four input channels."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn
from torch.nn import functional

BLOCKS = (3, 4, 6, 3)
"""Bottlenecks in each of the four layers."""

EXPANSION = 4
"""Width that leaves a bottleneck, over the width inside it."""


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 with a shortcut around them.

    Args:
        inputs: Channels that come in.
        width: Channels inside; `EXPANSION` times as many go out.
        stride: Stride of the 3x3 convolution.
    """

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        outputs = width * EXPANSION
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample: nn.Sequential | None = None
        if stride != 1 or inputs != outputs:
            shortcut = nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False)
            self.downsample = nn.Sequential(shortcut, nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, h, w) to (N, EXPANSION * width, h / stride, w / stride)."""
        inside = functional.relu(self.bn1(self.conv1(x)), inplace=True)
        inside = functional.relu(self.bn2(self.conv2(inside)), inplace=True)
        inside = self.bn3(self.conv3(inside))
        shortcut = x if self.downsample is None else self.downsample(x)
        return functional.relu(inside + shortcut, inplace=True)


class Encoder(nn.Module):
    """ResNet-50 without its classifier.

    Args:
        inputs: Channels of a frame.
        width: Channels of the stem; the published network has 64.
    """

    STEM_REACH = 3
    """Pixels around an output pixel's own that the stem looks at."""

    def __init__(self, inputs: int = 4, width: int = 64) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        incoming = width
        for layer, blocks in enumerate(BLOCKS):
            inside = width << layer
            first = Bottleneck(incoming, inside, stride=1 if layer == 0 else 2)
            incoming = inside * EXPANSION
            rest = [Bottleneck(incoming, inside, stride=1) for _ in range(blocks - 1)]
            self.add_module(f"layer{layer + 1}", nn.Sequential(first, *rest))

    @staticmethod
    def widths(width: int) -> list[int]:
        """Channels of the five levels that `levels` returns, for a stem of `width`."""
        return [width, *(width * EXPANSION << layer for layer in range(len(BLOCKS)))]

    def stem(self, frame: Tensor) -> Tensor:
        """Map (N, inputs, h, w) to the first level (N, width, h / 2, w / 2)."""
        return functional.relu(self.bn1(self.conv1(frame)), inplace=True)

    def levels(self, stem: Tensor) -> list[Tensor]:
        """Map the first level to all five, at strides 2, 4, 8, 16 and 32."""
        maps = [stem]
        x = functional.max_pool2d(stem, 3, stride=2, padding=1)
        for layer in range(len(BLOCKS)):
            x = cast(Tensor, self.get_submodule(f"layer{layer + 1}")(x))
            maps.append(x)
        return maps
