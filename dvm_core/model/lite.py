"""`lite`: the paper's family made small, the default network.

A residual encoder at strides 4 to 32, fed with colour cues (`cues.py`); temporal alignment and aggregation at strides
4, 8 and 16, added as residuals (`temporal.py`); a sub-pixel decoder down to stride 4, and a light head that brings the
plate's detail back at strides 2 and 1. The window looks to both sides: compositing is offline.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from dvm_core.model import cues
from dvm_core.model.blocks import ConvNormReLU
from dvm_core.model.network import Features, Footprint, MattingNetwork, Window
from dvm_core.model.temporal import TemporalFusion

STRIDES = (4, 8, 16, 32)
WIDTHS = (48, 96, 160, 224)
DECODER_WIDTHS = (48, 80, 128)
FUSED = {4: (24, 2), 8: (48, 4), 16: (64, 4)}  # stride -> width and deformable groups of the temporal fusion
HALF, FULL = 24, 16  # widths at strides 2 and 1
LEAK = 0.05  # gradient that reaches an alpha beyond 0 or 1


class Residual(nn.Module):
    """Two 3x3 convolutions around an identity; (N, channels, h, w) to the same."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = ConvNormReLU(channels, channels, 3)
        self.second = nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels))

    def forward(self, maps: Tensor) -> Tensor:
        """Apply the block."""
        return functional.relu(maps + self.second(self.first(maps)))


class Up(nn.Module):
    """One decoder step: sub-pixel convolution to twice the size, joined with the skip.

    Args:
        channels: Channels that come from below.
        skip: Channels of the skip.
        width: Channels that leave.
    """

    def __init__(self, channels: int, skip: int, width: int) -> None:
        super().__init__()
        self.expand = nn.Conv2d(channels, 4 * width, 1)
        self.join = ConvNormReLU(width + skip, width, 3)

    def forward(self, maps: Tensor, skip: Tensor) -> Tensor:
        """(N, channels, h, w) and (N, skip, 2h, 2w) to (N, width, 2h, 2w)."""
        return cast(Tensor, self.join(torch.cat([functional.pixel_shuffle(self.expand(maps), 2), skip], dim=1)))


class Head(nn.Module):
    """Alpha at full resolution from the context and the plate; reach 12 pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.to_half = Up(WIDTHS[0], HALF, 32)
        self.mix_half = ConvNormReLU(32, 32, 3)
        self.to_full = Up(32, cues.CHANNELS, FULL)
        self.mix_full = ConvNormReLU(FULL, FULL, 3)
        self.alpha = nn.Conv2d(FULL, 1, 3, padding=1)
        nn.init.constant_(cast(Tensor, self.alpha.bias), 0.5)  # between the bounds, where the gradient is whole

    def forward(self, context: Tensor, half: Tensor, frame: Tensor) -> Tensor:
        """Unbounded alpha, (N, 1, h, w)."""
        maps = self.mix_half(self.to_half(context, half))
        return cast(Tensor, self.alpha(self.mix_full(self.to_full(maps, frame))))


class Lite(MattingNetwork):
    """The default network; about 5 M parameters.

    Args:
        past: Neighbours before the frame.
        future: Neighbours after it.
    """

    architecture = "lite"
    stride = smallest = 32
    context_stride = 4
    stem_halo = 4
    halo = 12
    margin = 160  # what lies beyond moves an alpha by 2/255 at most; twice the margin would halve that
    footprint = Footprint(prepared=52, features=41, context=100, finish=450)

    def __init__(self, past: int = 1, future: int = 1) -> None:
        super().__init__()
        self.window = Window(past, future)
        self.stem_half = ConvNormReLU(cues.CHANNELS, HALF, 3, stride=2)
        self.stem_quarter = ConvNormReLU(HALF, WIDTHS[0], 3, stride=2)
        self.levels = nn.ModuleDict()
        below = WIDTHS[0]
        for stride, width in zip(STRIDES, WIDTHS, strict=True):
            blocks: list[nn.Module] = [] if stride == 4 else [ConvNormReLU(below, width, 3, stride=2)]
            self.levels[str(stride)] = nn.Sequential(*blocks, Residual(width), Residual(width))
            below = width
        self.fusion = nn.ModuleDict(
            {
                str(stride): TemporalFusion(WIDTHS[STRIDES.index(stride)], width, groups, self.window.length)
                for stride, (width, groups) in FUSED.items()
            }
        )
        self.decoder = nn.ModuleDict()
        for stride, skip, width in reversed(list(zip(STRIDES[:3], WIDTHS[:3], DECODER_WIDTHS, strict=True))):
            self.decoder[str(stride)] = nn.Sequential(Up(below, skip, width), Residual(width))
            below = width
        self.head = Head()

    def prepare(self, plate: NDArray[np.float32], trimap: NDArray[np.uint8]) -> cues.CuedFrame:
        """Colour cues of the whole frame; shapes and ranges as in `MattingNetwork.prepare`."""
        return cues.CuedFrame(plate, trimap)

    def stem(self, frame: Tensor) -> Tensor:
        """(N, cues.CHANNELS, h, w) to (N, 48, h / 4, w / 4)."""
        return cast(Tensor, self.stem_quarter(self.stem_half(frame)))

    def encode(self, stem: Tensor) -> Features:
        """Maps `4`, `8`, `16`, `32`, and for each fused level `N.narrow` and `N.half`, what neighbours need of it."""
        features: Features = {}
        for stride, level in self.levels.items():
            stem = features[stride] = level(stem)
        for stride, fusion in self.fusion.items():
            fusion = cast(TemporalFusion, fusion)
            features[f"{stride}.narrow"], features[f"{stride}.half"] = fusion.neighbour(features[stride])
        return features

    def shared(self, features: Features) -> Features:
        """The narrowed features; the frame's own levels go."""
        return {name: maps for name, maps in features.items() if "." in name}

    def context(self, window: Sequence[Features], unknown: Tensor) -> Tensor:
        """Fuse the window and decode to (N, 48, h / 4, w / 4); arguments as in `MattingNetwork.context`."""
        own = window[self.window.past]
        fused: Features = {}
        for stride, fusion in self.fusion.items():
            weight = functional.avg_pool2d(unknown, int(stride))
            neighbours = [(features[f"{stride}.narrow"], features[f"{stride}.half"]) for features in window]
            fused[stride] = own[stride] + fusion(neighbours, self.window.past, weight)
        return self._decode({**own, **fused})

    def finish(self, context: Tensor, frame: Tensor) -> Tensor:
        """Alpha at full resolution; arguments as in `MattingNetwork.finish`."""
        alpha: Tensor = self.head(context, self.stem_half(frame), frame)
        bounded = alpha.clamp(0.0, 1.0)
        # A hard bound gives the exact 0 and 1 that most unknown pixels have; its gradient would be lost beyond them.
        return bounded + LEAK * (alpha - alpha.detach()) if self.training else bounded

    def forward(self, frames: Tensor) -> Tensor:
        """Alpha of still frames, without any neighbour.

        Args:
            frames: (N, cues.CHANNELS, H, W) as from `cues.network_input`; H and W multiples of 32.

        Returns:
            (N, 1, H, W) in [0, 1].
        """
        return self.finish(self._decode(self._levels(frames)), frames)

    def forward_window(self, frames: Tensor) -> Tensor:
        """Alpha of the frame that stands at `window.past`, with its neighbours; for training.

        Args:
            frames: (N, window.length, cues.CHANNELS, H, W), oldest first.

        Returns:
            (N, 1, H, W) in [0, 1].
        """
        count, length = frames.shape[:2]
        features = self.encode(self.stem(frames.flatten(0, 1)))
        window = [
            {name: maps.unflatten(0, (count, length))[:, position] for name, maps in features.items()}
            for position in range(length)
        ]
        own = frames[:, self.window.past]
        return self.finish(self.context(window, own[:, 4:5]), own)

    def _levels(self, frames: Tensor) -> Features:
        maps, features = self.stem(frames), {}
        for stride, level in self.levels.items():
            maps = features[stride] = level(maps)
        return features

    def _decode(self, features: Features) -> Tensor:
        maps = features[str(STRIDES[-1])]
        for stride, step in self.decoder.items():
            up, mix = cast(nn.Sequential, step)
            maps = mix(up(maps, features[stride]))
        return maps
