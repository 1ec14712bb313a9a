"""The sub-pixel decoder: each step doubles the size by PixelShuffle (Shi et al.) and takes the finer level in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from dvm_core.model.blocks import ConvNormReLU
from dvm_core.model.skip import LargeKernelSkip


class SubPixelStep(nn.Module):
    """Twice the size, then one convolution over the upsampled map and the skip.

    Args:
        inputs: Channels that come in.
        outputs: Channels that go out.
        skip: Channels of the skip.
    """

    REACH = 1
    """Pixels of its output around an output pixel's own that it looks at."""

    def __init__(self, inputs: int, outputs: int, skip: int) -> None:
        super().__init__()
        self.rs = ConvNormReLU(inputs, 4 * outputs, 1)
        self.deconv = ConvNormReLU(outputs + skip, outputs, 3)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """Map (N, inputs, h, w) and a skip (N, skip, 2h, 2w) to (N, outputs, 2h, 2w)."""
        finer = functional.pixel_shuffle(self.rs(x), 2)
        return cast(Tensor, self.deconv(torch.cat([finer, skip], dim=1)))


class Decoder(nn.Module):
    """From the deepest level back to full resolution.

    Args:
        widths: Channels of each level, finest first.
        inputs: Channels of a frame, the skip of the last step.
    """

    def __init__(self, widths: Sequence[int], inputs: int) -> None:
        super().__init__()
        self.depth = len(widths)
        skips = [inputs, *widths[:-1]]
        outputs = [widths[0], *widths[:-1]]
        for level, width in enumerate(widths):
            self.add_module(f"skip{level}", LargeKernelSkip(width))
        for level, width in enumerate(widths):
            self.add_module(f"deconv{level}", SubPixelStep(width, outputs[level], skips[level]))

    def low(self, levels: Sequence[Tensor]) -> Tensor:
        """All steps but the last: the levels, finest first, to (N, widths[0], h, w) of the finest."""
        x = self._skip(self.depth - 1, levels)
        for level in range(self.depth - 1, 0, -1):
            x = self.get_submodule(f"deconv{level}")(x, self._skip(level - 1, levels))
        return x

    def last(self, low: Tensor, frame: Tensor) -> Tensor:
        """The last step: (N, widths[0], h, w) and the frame (N, inputs, 2h, 2w) to (N, widths[0], 2h, 2w)."""
        return cast(Tensor, self.get_submodule("deconv0")(low, frame))

    def _skip(self, level: int, levels: Sequence[Tensor]) -> Tensor:
        return cast(Tensor, self.get_submodule(f"skip{level}")(levels[level]))
