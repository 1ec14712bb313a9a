"""`lite`: the paper's family made small, the default network.

A residual encoder at strides 4 to 32, fed with colour cues (`cues.py`), and a sub-pixel decoder down to stride 4.
A light head drafts each frame's alpha at full resolution, with how far to trust it. Then time: the decoder's maps of
the window are aligned and aggregated at strides 16, 8 and 4 (`temporal.py`), colour lines are fitted to the drafts of
the whole window (`colour_line.py`), and what was aggregated says how far to trust each neighbour and corrects the
lines. Draft and lines, weighed pixel by pixel, give the alpha. The window looks to both sides: compositing is offline.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from dvm_core.model import colour_line, cues
from dvm_core.model.blocks import ConvNormReLU, PreciseConv2d
from dvm_core.model.colour_model import KnownColours
from dvm_core.model.network import Features, Footprint, MattingNetwork, Window
from dvm_core.model.temporal import TemporalFusion

STRIDES = (4, 8, 16, 32)
WIDTHS = (48, 96, 160, 224)
DECODER_WIDTHS = (48, 80, 128)
FUSED = {16: (64, 4), 8: (48, 4), 4: (24, 2)}  # stride -> width and deformable groups of the temporal fusion
HALF, FULL = 24, 16  # widths at strides 2 and 1
CELL = 4  # pixels of a colour line's cell, and of the context
RADII = (2, 4)  # cells, of the windows that colour lines are fitted in
POOLED = 5  # channels that a cell keeps of the plate: colour, share of known foreground, share of unknown pixels
LEAK = 0.05  # gradient that reaches an alpha beyond 0 or 1
DRAFT = 3  # channels of a draft: alpha, trust in it as a witness of colour lines, its share of the final alpha
ADJUSTED = colour_line.LINE + len(RADII) + 1  # what the window corrects: the line, the radii's weights, the share
BEYOND = 0.1  # how far a colour line may answer beyond 0 and 1


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
    """A draft at full resolution from decoder maps and the plate; reach 20 pixels.

    Strands are a pixel wide: what tells them from the texture behind them is decided here, so most of the network's
    work at fine strides is.
    """

    def __init__(self) -> None:
        super().__init__()
        self.to_half = Up(WIDTHS[0], HALF, 32)
        self.mix_half = ConvNormReLU(32, 32, 3)
        self.trace_half = nn.Sequential(Residual(32), Residual(32))
        self.to_full = Up(32, cues.CHANNELS, FULL)
        self.mix_full = ConvNormReLU(FULL, FULL, 3)
        self.trace_full = Residual(FULL)
        self.alpha = nn.Conv2d(FULL, DRAFT, 3, padding=1)
        with torch.no_grad():  # between the bounds, where the gradient is whole
            cast(Tensor, self.alpha.bias).copy_(torch.tensor([0.5, 0.0, 0.0]))

    def forward(self, maps: Tensor, half: Tensor, frame: Tensor) -> Tensor:
        """Unbounded alpha, and logits of its trust and its share, (N, `DRAFT`, h, w)."""
        maps = self.trace_half(self.mix_half(self.to_half(maps, half)))
        return cast(Tensor, self.alpha(self.trace_full(self.mix_full(self.to_full(maps, frame)))))


class Lite(MattingNetwork):
    """The default network; about 5 M parameters.

    Args:
        past: Neighbours before the frame.
        future: Neighbours after it.
    """

    architecture = "lite"
    stride = smallest = 32
    side = 640
    context_stride = CELL
    stem_halo = 4
    finish_channels = 3  # the plate's colour, which lines are evaluated at
    drafts = DRAFT
    keyed = True
    draft_halo = 20
    halo = 4
    margin = 96  # what lies beyond moves an alpha by two steps of 8 bits at most
    footprint = Footprint(prepared=52, features=58, context=82, finish=450)

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
        self.decoder = nn.ModuleDict()
        for stride, skip, width in reversed(list(zip(STRIDES[:3], WIDTHS[:3], DECODER_WIDTHS, strict=True))):
            self.decoder[str(stride)] = nn.Sequential(Up(below, skip, width), Residual(width))
            below = width
        self.fusion = nn.ModuleDict()
        self.widen = nn.ModuleDict()
        for stride, (width, groups) in FUSED.items():
            channels = DECODER_WIDTHS[STRIDES.index(stride)]
            self.fusion[str(stride)] = TemporalFusion(channels, width, groups, self.window.length)
            if stride != CELL:
                finer = DECODER_WIDTHS[STRIDES.index(stride) - 1]
                self.widen[str(stride)] = nn.Sequential(nn.Conv2d(channels, 4 * finer, 1), nn.PixelShuffle(2))
        self.trust = PreciseConv2d(3 * FUSED[CELL][0], 1, 1)
        nn.init.zeros_(self.trust.weight)
        nn.init.zeros_(cast(Tensor, self.trust.bias))
        self.adjust = PreciseConv2d(below, ADJUSTED, 1)
        nn.init.zeros_(self.adjust.weight)
        nn.init.zeros_(cast(Tensor, self.adjust.bias))
        self.head = Head()

    @property
    def temporal(self) -> tuple[nn.Module, ...]:
        """The parts that only a window uses."""
        return self.fusion, self.widen, self.trust, self.adjust

    def prepare(
        self, plate: NDArray[np.float32], trimap: NDArray[np.uint8], keys: KnownColours | None = None
    ) -> cues.CuedFrame:
        """Colour cues of the whole frame; shapes and ranges as in `MattingNetwork.prepare`."""
        return cues.CuedFrame(plate, trimap, keys)

    def stem(self, frame: Tensor) -> Tensor:
        """(N, cues.CHANNELS, h, w) to (N, 48 + POOLED, h / 4, w / 4): maps, and means over each cell of the plate."""
        pooled = functional.avg_pool2d(frame[:, :POOLED], CELL)
        return torch.cat([self.stem_quarter(self.stem_half(frame)), pooled], dim=1)

    def encode(self, stem: Tensor) -> Features:
        """Decoder maps `16`, `8`, `4`; `N.narrow` and `N.half` of each, which neighbours need; and `pooled`."""
        features = self._decode(stem[:, :-POOLED])
        for stride, fusion in self.fusion.items():
            fusion = cast(TemporalFusion, fusion)
            features[f"{stride}.narrow"], features[f"{stride}.half"] = fusion.neighbour(features[stride])
        features["pooled"] = stem[:, -POOLED:]
        return features

    def draft(self, features: Features, frame: Tensor) -> Tensor:
        """Bounded alpha, known where the trimap says so; trust in it, and its share, both in (0, 1]."""
        drawn = self.head(features["4"], self.stem_half(frame), frame).float()
        foreground, unknown = frame[:, 3:4].float(), frame[:, 4:5].float()
        alpha = foreground + unknown * self._bounded(drawn[:, :1])
        return torch.cat([alpha, 1.0 - unknown + unknown * drawn[:, 1:2].sigmoid(), drawn[:, 2:]], dim=1)

    def absorb(self, features: Features, draft: Tensor) -> Features:
        """Add `4.moments`, what the frame's draft says about colour lines."""
        with torch.autocast(draft.device.type, enabled=False):
            alpha, trust = functional.avg_pool2d(draft[:, :2].float(), CELL).split(1, dim=1)
            moments = colour_line.moments(features["pooled"][:, :3].float(), alpha, trust)
        return features | {"4.moments": moments}

    def shared(self, features: Features) -> Features:
        """Narrowed features and moments; the frame's own maps go."""
        return {name: maps for name, maps in features.items() if "." in name}

    def context(self, window: Sequence[Features], unknown: Tensor) -> Tensor:
        """Fuse the window; arguments as in `MattingNetwork.context`.

        Returns:
            (N, colour_line.LINE + 1, h / 4, w / 4): lines, and what the window adds to the draft's share.
        """
        past = self.window.past
        own = window[past]
        added: Tensor | None = None
        aligned: list[Tensor] = []
        for stride, module in self.fusion.items():
            fusion = cast(TemporalFusion, module)
            aligned = fusion.aligned([(maps[f"{stride}.narrow"], maps[f"{stride}.half"]) for maps in window], past)
            gain = fusion(aligned, functional.avg_pool2d(unknown, int(stride)))
            added = gain if added is None else gain + added
            if stride in self.widen:
                added = self.widen[stride](added)
        moments = own["4.moments"]
        for position, maps in enumerate(window):
            if position != past:
                moments = moments + self._trusted(aligned[past], aligned[position]) * maps["4.moments"]
        return self._lines(own["4"] + cast(Tensor, added), moments)

    def _trusted(self, own: Tensor, other: Tensor) -> Tensor:
        """How far to trust a neighbour, in (0, 1): what is aligned may still differ, which no map alone tells."""
        return cast(Tensor, self.trust(torch.cat([own, other, (own - other).abs()], dim=1)).sigmoid())

    def finish(self, context: Tensor, frame: Tensor, draft: Tensor | None = None) -> Tensor:
        """Draft and line, weighed; arguments as in `MattingNetwork.finish`."""
        return self.settle(context, frame, cast(Tensor, draft))[0]

    def settle(self, context: Tensor, frame: Tensor, draft: Tensor) -> tuple[Tensor, Tensor]:
        """What `finish` gives, and what it was weighed from, draft and line, (N, 2, h, w); for training."""
        with torch.autocast(frame.device.type, enabled=False):
            full = functional.interpolate(
                context.float(), scale_factor=float(CELL), mode="bilinear", align_corners=False
            )
            line = colour_line.evaluate(full[:, :-1], frame[:, :3].float()).clamp(-BEYOND, 1.0 + BEYOND)
            own = draft[:, :1].float()
            share = (draft[:, 2:].float() + full[:, -1:]).sigmoid()
            return self._bounded(line + share * (own - line)), torch.cat([own, line], dim=1)

    def forward(self, frames: Tensor) -> Tensor:
        """Alpha of still frames, without any neighbour.

        Args:
            frames: (N, cues.CHANNELS, H, W) as from `cues.network_input`; H and W multiples of 32.

        Returns:
            (N, 1, H, W) in [0, 1].
        """
        return self.still(frames)[0]

    def still(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """As `forward`, and as `settle` answers; for training."""
        stem = self.stem(frames)
        features = self._decode(stem[:, :-POOLED]) | {"pooled": stem[:, -POOLED:]}
        draft = self.draft(features, frames)
        moments = self.absorb(features, draft)["4.moments"]
        return self.settle(self._lines(features["4"], moments), frames, draft)

    def forward_window(self, frames: Tensor) -> Tensor:
        """Alpha of the frame that stands at `window.past`, with its neighbours; for training.

        Args:
            frames: (N, window.length, cues.CHANNELS, H, W), oldest first.

        Returns:
            (N, 1, H, W) in [0, 1].
        """
        alphas, _ = self.clip(frames, [range(frames.shape[1])])
        return alphas[:, 0]

    def clip(self, frames: Tensor, windows: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
        """Alphas of several windows of a clip, each frame of it encoded once; for training.

        Args:
            frames: (N, T, cues.CHANNELS, H, W).
            windows: Of each alpha, positions of its window's frames.

        Returns:
            (N, windows, 1, H, W) and (N, windows, 2, H, W), as `settle` answers.
        """
        flat = frames.flatten(0, 1)
        features = self.encode(self.stem(flat))
        drafts = self.draft(features, flat)
        features = self.absorb(features, drafts)
        maps = {name: value.unflatten(0, frames.shape[:2]) for name, value in features.items()}
        drafts = drafts.unflatten(0, frames.shape[:2])
        settled = []
        for window in windows:
            at = window[self.window.past]
            own = frames[:, at]
            context = self.context([{name: value[:, i] for name, value in maps.items()} for i in window], own[:, 4:5])
            settled.append(self.settle(context, own, drafts[:, at]))
        alphas, answers = (torch.stack(parts, dim=1) for parts in zip(*settled, strict=True))
        return alphas, answers

    def _decode(self, maps: Tensor) -> Features:
        """Decoder maps of each stride."""
        levels: Features = {}
        for stride, level in self.levels.items():
            maps = levels[stride] = level(maps)
        decoded: Features = {}
        for stride, step in self.decoder.items():
            up, mix = cast(nn.Sequential, step)
            maps = decoded[stride] = mix(up(maps, levels[stride]))
        return decoded

    def _bounded(self, alpha: Tensor) -> Tensor:
        """Within [0, 1]: the exact 0 and 1 that most pixels have, with some gradient beyond them."""
        bounded = alpha.clamp(0.0, 1.0)
        return bounded + LEAK * (alpha - alpha.detach()) if self.training else bounded

    def _lines(self, maps: Tensor, moments: Tensor) -> Tensor:
        """The lines of all radii, weighed into one and corrected by what (N, 48, h / 4, w / 4) says; see `context`."""
        correction, weights, share = self.adjust(maps).split((colour_line.LINE, len(RADII), 1), dim=1)
        with torch.autocast(maps.device.type, enabled=False):
            weights = weights.float().softmax(dim=1)
            lines = correction.float()
            for position, radius in enumerate(RADII):
                lines = lines + weights[:, position : position + 1] * colour_line.fit(moments.float(), radius)
            return torch.cat([lines, share.float()], dim=1)
