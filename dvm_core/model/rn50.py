"""The published network: ResNet-50 encoder, ST-FAM, sub-pixel decoder with large-kernel skips, refinement."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dvm_core.model.blocks import PreciseConv2d
from dvm_core.model.colour_model import KnownColours
from dvm_core.model.decoder import Decoder, SubPixelStep
from dvm_core.model.encoder import Encoder
from dvm_core.model.fusion import SpatioTemporalFusion
from dvm_core.model.network import Features, Footprint, MattingNetwork, PreparedFrame, Window
from dvm_core.model.refine import Refinement
from dvm_core.model.skip import LargeKernelSkip

CHANNELS = 4
"""Normalised RGB and the trimap."""

GROUPS = 8
"""Deformable groups on every level."""

MEAN = np.array([0.485, 0.456, 0.406], np.float32)
STD = np.array([0.229, 0.224, 0.225], np.float32)
"""ImageNet's, of display-referred sRGB in [0, 1]."""

HEAD_REACH = 1
"""Pixels that a 3x3 head looks at around its own."""


class NormalisedFrame(PreparedFrame):
    """A frame that is normalised where it is cut.

    Args:
        plate: (H, W, 3), display-referred sRGB in [0, 1].
        trimap: (H, W) of 0, 128 and 255.
    """

    def __init__(self, plate: NDArray[np.float32], trimap: NDArray[np.uint8]) -> None:
        self.plate = plate
        self.trimap = trimap

    def crop(
        self, rows: slice, columns: slice, channels: int | None = None, dtype: torch.dtype = torch.float32
    ) -> Tensor:
        """Normalised RGB, then the trimap as exactly 0, 128/255 and 1: (1, 4, h, w)."""
        rgb = (self.plate[rows, columns] - MEAN) / STD
        trimap = self.trimap[rows, columns, None].astype(np.float32) / 255
        pixels = np.concatenate([rgb, trimap], axis=2).transpose(2, 0, 1)[None, :channels].copy()
        return torch.from_numpy(pixels).to(dtype)


class RN50(MattingNetwork):
    """The paper's network; its state dict has the published names and shapes.

    Called, it is the plain windowed network. `stem`, `encode`, `context` and `finish` give the same alphas one frame
    at a time, with each frame encoded once.

    Args:
        shift: Frames before each that its alpha depends on.
        step: Frames that a plain call returns.
        width: Channels of the stem, a multiple of `GROUPS`; published weights have 64.

    Raises:
        ValueError: For numbers that make no network.
    """

    architecture = "rn50"
    stride = 32
    context_stride = 2
    stem_halo = Encoder.STEM_REACH + 1  # rounded up to the context's stride
    # alpha head, refinement and its head look one after the other
    halo = SubPixelStep.REACH + HEAD_REACH + Refinement.REACH + HEAD_REACH
    margin = None
    footprint = Footprint(prepared=16, features=370, context=1300, finish=1400)
    smallest = stride * LargeKernelSkip.MINIMUM_WIDTH  # only the width needs it, of the deepest level's map

    def __init__(self, shift: int = 2, step: int = 2, width: int = 64) -> None:
        super().__init__()
        if step < 1 or width < GROUPS or width % GROUPS:
            raise ValueError(f"expected step of at least 1 and a width in multiples of {GROUPS}, found {step}, {width}")
        self.window = Window(past=shift, future=0)
        self.step = step
        widths = Encoder.widths(width)
        self.encoder = Encoder(CHANNELS, width)
        self.fusion = SpatioTemporalFusion(widths, self.window.length, GROUPS)
        self.decoder = Decoder(widths, CHANNELS)
        self.pred_head = PreciseConv2d(width, 1, 3, padding=1)
        self.refine = Refinement(width)
        self.refine_head = PreciseConv2d(width, 1, 3, padding=1)

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Alphas of a window's last frames, as published.

        Args:
            frames: (shift + step, 4, H, W), consecutive: normalised RGB, then the trimap in [0, 1]. H and W are
                multiples of 32, W at least 224.

        Returns:
            First and refined alphas, each (step, 1, H, W) in [0, 1].

        Raises:
            ValueError: For frames of another shape.
        """
        self._check(frames)
        levels = self.encoder.levels(self.encoder.stem(frames))
        low = self.decoder.low(self.fusion(levels, self.step))
        return self._heads(low, frames[-self.step :])

    def prepare(
        self, plate: NDArray[np.float32], trimap: NDArray[np.uint8], keys: KnownColours | None = None
    ) -> NormalisedFrame:
        """Nothing is computed over the whole frame; see the base class."""
        return NormalisedFrame(plate, trimap)

    def stem(self, frame: Tensor) -> Tensor:
        """Map (N, 4, h, w) to the first level (N, width, h / 2, w / 2)."""
        return self.encoder.stem(frame)

    def encode(self, stem: Tensor) -> Features:
        """Levels `f0` to `f4` at strides 2 to 32, and the neighbour halves `n0` to `n3` of those that are aligned."""
        levels = self.encoder.levels(stem)
        halves = self.fusion.halves(levels)
        features = {f"f{level}": features for level, features in enumerate(levels)}
        return features | {f"n{level}": half for level, half in enumerate(halves)}

    def context(self, window: Sequence[Features], unknown: Tensor) -> Tensor:
        """Fused and decoded to stride 2, (N, width, h / 2, w / 2); attention pools over the frame, known or not."""
        reference = window[self.window.past]
        deepest = self.fusion.depth - 1
        fused = []
        for level in range(deepest):
            neighbours = [(frame[f"f{level}"], frame[f"n{level}"]) for frame in window]
            fused.append(self.fusion.align(level, neighbours, reference[f"f{level}"]))
        fused.append(self.fusion.fuse(deepest, [frame[f"f{deepest}"] for frame in window]))
        return self.decoder.low(fused)

    def finish(self, context: Tensor, frame: Tensor, draft: Tensor | None = None) -> Tensor:
        """The refined alpha, (N, 1, h, w) in [0, 1]; see the base class."""
        return self._heads(context, frame)[1]

    def _heads(self, low: Tensor, frame: Tensor) -> tuple[Tensor, Tensor]:
        logit: Tensor = self.pred_head(self.decoder.last(low, frame))
        pred = logit.sigmoid()
        correction: Tensor = self.refine_head(self.refine(frame[:, :3], pred))
        return pred, (logit + correction).sigmoid()

    def _check(self, frames: Tensor) -> None:
        count = self.window.past + self.step
        expected = f"Expected frames of shape ({count}, {CHANNELS}, H, W), H and W multiples of {self.stride}, "
        expected += f"W at least {self.smallest}"
        shape = tuple(frames.shape)
        fits = frames.ndim == 4 and shape[:2] == (count, CHANNELS) and shape[3] >= self.smallest
        if not fits or shape[2] % self.stride or shape[3] % self.stride:
            raise ValueError(f"{expected}; found {shape}. Pad by reflection, and repeat frames at a shot's ends.")
