"""The network as the pipeline sees it: four steps, split where caching and tiling are exact.

Each frame is **encoded once** (`stem`, then `encode`) and its features serve every window that it stands in.
A window of features is decoded to a **context** map at low resolution over the whole region of interest, so that
whatever looks far (deep levels, pooling, alignment) never meets a tile border. Only `finish`, whose reach is a few
pixels, works at full resolution; run on tiles that overlap by `halo` pixels it gives what it gives on the whole frame.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dvm_core.model.colour_model import KnownColours
from dvm_core.model.correction import NO_CORRECTIONS, Corrections


@dataclass(frozen=True)
class Window:
    """The neighbours that a frame's alpha depends on.

    Attributes:
        past: Frames before it.
        future: Frames after it.
    """

    past: int
    future: int

    @property
    def length(self) -> int:
        """Frames in the window, the frame itself included."""
        return self.past + 1 + self.future


@dataclass(frozen=True)
class Footprint:
    """What a network takes of memory, in bytes for each pixel at single precision.

    Attributes:
        prepared: A frame's cues.
        features: A frame's features while its window passes.
        context: On top of that, while a region is encoded and decoded.
        finish: While a tile is finished.
    """

    prepared: float
    features: float
    context: float
    finish: float


class MattingNetwork(nn.Module, ABC):
    """A network that turns a window of frames into the alpha of one of them.

    Attributes:
        architecture: Name in the registry, as written into weight files and EXR headers.
        window: Neighbours that it wants.
        stride: Heights and widths that it takes are multiples of this, in pixels.
        smallest: Heights and widths that it takes are at least this, in pixels.
        context_stride: Pixels of plate for each pixel of the context map.
        stem_halo: Reach of `stem` in pixels; a multiple of `context_stride`.
        halo: Reach of `finish` in pixels; a multiple of `context_stride`.
        margin: Pixels around the unknown region that decide its alpha, a multiple of `stride`; None where a global
            statistic makes that the whole frame.
        side: Longer side of the pictures, in pixels, whose widths of strands and bands it was trained on; much larger
            ones are reduced to about that. None for pictures of any size.
        footprint: Memory that it takes.
        finish_channels: Channels of a frame, the first ones, that `finish` looks at; None for all.
        keyed: Whether `prepare` makes use of what keys know.
        corrections: Finished frames of the shot that the weights were finetuned for; none for all others.
        drafts: Channels of a draft; where there are some, `draft` and `absorb` come between `encode` and `context`.
        draft_halo: Reach of `draft` in pixels; a multiple of `context_stride`.
    """

    architecture: str
    window: Window
    stride: int
    smallest: int
    context_stride: int
    stem_halo: int
    halo: int
    margin: int | None
    footprint: Footprint
    side: int | None = None
    drafts: int = 0
    draft_halo: int = 0
    finish_channels: int | None = None
    keyed: bool = False
    corrections: Corrections = NO_CORRECTIONS

    @abstractmethod
    def prepare(
        self, plate: NDArray[np.float32], trimap: NDArray[np.uint8], keys: KnownColours | None = None
    ) -> PreparedFrame:
        """Compute what must be seen over the whole frame before it is cut.

        Args:
            plate: (H, W, 3), display-referred sRGB in [0, 1]; H and W multiples of `stride`.
            trimap: (H, W) of 0, 128 and 255.
            keys: What the frames know that the trimap was propagated from; None for a trimap made for the frame.
        """

    @abstractmethod
    def stem(self, frame: Tensor) -> Tensor:
        """First convolutions, full resolution down.

        Args:
            frame: (N, C, h, w), from `PreparedFrame.crop`.
        """

    @abstractmethod
    def encode(self, stem: Tensor) -> Features:
        """Features of one frame, all that neighbours need included.

        Args:
            stem: (N, ...), from `stem`.
        """

    def draft(self, features: Features, frame: Tensor) -> Tensor:
        """A first answer at full resolution, from one frame alone; tiled as `finish` is.

        Args:
            features: From `encode`, of the same pixels.
            frame: (N, C, h, w).

        Returns:
            (N, K, h, w) float32; the first channel is alpha in [0, 1], 0 or 1 where the trimap is known. Where a
            region has no unknown pixel it is not called: there alpha is as known, and all other channels are 1.
        """
        # Not abstract: networks without `drafts` have no such step, and are never asked for it.
        raise NotImplementedError(f"{self.architecture} drafts nothing")

    def absorb(self, features: Features, draft: Tensor) -> Features:
        """The features with what a draft of the same pixels, (N, K, h, w), tells the neighbours."""
        # Not abstract, as `draft`: it is called with what that gave.
        raise NotImplementedError(f"{self.architecture} drafts nothing")

    def shared(self, features: Features) -> Features:
        """Those of a frame's features that other frames' windows need, once its own alpha is done."""
        return features

    @abstractmethod
    def context(self, window: Sequence[Features], unknown: Tensor) -> Tensor:
        """Align the window to its frame, fuse it, and decode down to `context_stride`.

        Args:
            window: Features of `Window.length` frames, oldest first; the frame itself is `window[past]`.
            unknown: (N, 1, h, w), 1 where that frame's trimap is unknown, else 0; full resolution.

        Returns:
            (N, K, h / context_stride, w / context_stride).
        """

    @abstractmethod
    def finish(self, context: Tensor, frame: Tensor, draft: Tensor | None = None) -> Tensor:
        """Alpha at full resolution.

        Args:
            context: (N, K, h / context_stride, w / context_stride).
            frame: (N, C, h, w), the same pixels.
            draft: Of the same pixels, where the network drafts.

        Returns:
            (N, 1, h, w) in [0, 1].
        """


Features = dict[str, Tensor]
"""Maps of one frame by name, each (N, channels, h / stride, w / stride) of its level."""


class PreparedFrame(ABC):
    """One frame with its whole-frame cues, kept compactly until a region of it is asked for."""

    @abstractmethod
    def crop(
        self, rows: slice, columns: slice, channels: int | None = None, dtype: torch.dtype = torch.float32
    ) -> Tensor:
        """The network's input for a region.

        Args:
            rows: Of the frame.
            columns: Of the frame.
            channels: The first ones, that are wanted; None for all.
            dtype: To round to.

        Returns:
            (1, C, h, w) on the CPU.
        """


Numbers = dict[str, Any]
"""A builder's arguments, as stored in weight files."""
