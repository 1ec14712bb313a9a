"""From frames to alphas: a network over the unknown region of a window, or closed-form frame by frame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Protocol, TypeVar

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dvm_core.io.trimap_file import FOREGROUND, UNKNOWN
from dvm_core.model.closed_form import ClosedForm
from dvm_core.model.colour_model import KnownColours
from dvm_core.model.fold import fold_norms
from dvm_core.model.network import Features, MattingNetwork, PreparedFrame, Window
from dvm_core.pipeline.device import Compute
from dvm_core.pipeline.frame import Encoded, Frame
from dvm_core.pipeline.heap import apart
from dvm_core.pipeline.regions import Box, mask_box, tiles, union
from dvm_core.pipeline.windows import neighbours, served

SMALLEST_TILE = 128  # below, a tile is mostly halo
_DRAFT = "draft"  # the feature that is at full resolution
_TILE_GRID = 32  # pixels that a tile's unknown box is snapped to: few shapes, so that kernels are reused

Alpha = NDArray[np.float32]
Pixel = TypeVar("Pixel", np.float32, np.uint8)


class Estimator(Protocol):
    """What a session needs of a model."""

    window: Window

    def alpha(self, position: int, frames: Mapping[int, Frame], count: int) -> Alpha:
        """Alpha of the frame at `position` in a shot of `count` frames so far, (H, W) in [0, 1].

        Known pixels are exactly 0 or 1.
        """

    def region(self, frame: Frame) -> Box | None:
        """What is computed for a frame's alpha; None for nothing."""

    def known_colours(self, plate: NDArray[np.float32], trimap: NDArray[np.uint8]) -> KnownColours | None:
        """What a key, (H, W, 3) and (H, W), tells the frames that its trimap is propagated to; None for nothing."""

    def shrink(self) -> bool:
        """Take less memory from now on, at the same result; False where that is not possible."""


class ClosedFormEstimator:
    """Pymatting's closed form, one frame at a time."""

    window = Window(0, 0)

    def __init__(self, model: ClosedForm) -> None:
        self._model = model

    def alpha(self, position: int, frames: Mapping[int, Frame], count: int) -> Alpha:
        """See `Estimator.alpha`."""
        frame = frames[position]
        if frame.unknown_box is None or frame.plate is None:
            return frame.known_alpha()
        return self._model.alpha(frame.plate, frame.trimap)

    def region(self, frame: Frame) -> Box | None:
        """See `Estimator.region`."""
        return frame.unknown_box

    def known_colours(self, plate: NDArray[np.float32], trimap: NDArray[np.uint8]) -> KnownColours | None:
        """See `Estimator.known_colours`."""
        return None

    def shrink(self) -> bool:
        """See `Estimator.shrink`."""
        return False


class NetworkEstimator:
    """A network, run where there is something to solve.

    The context is computed over the box of the unknown pixels and the network's margin around it; the full resolution
    parts, `draft` and `finish`, only on those tiles of it that hold unknown pixels. Each frame is encoded once, over
    the union of the boxes that its features serve, so an alpha depends on the frames around it and on nothing else.

    Args:
        network: In evaluation mode; it is changed for speed, not in what it computes.
        compute: Device and precision.
        tile: Side of a tile in pixels; 0 runs the whole region at once.
    """

    def __init__(self, network: MattingNetwork, compute: Compute, tile: int) -> None:
        self.window = network.window
        self.tile = tile
        self._compute = compute
        fold_norms(network)
        self._network = network.to(compute.device)
        for parameter in network.parameters():  # the layout that the convolutions are fastest in
            if parameter.ndim == 4:
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)

    @torch.inference_mode()
    def alpha(self, position: int, frames: Mapping[int, Frame], count: int) -> Alpha:
        """See `Estimator.alpha`."""
        frame = frames[position]
        alpha = frame.known_alpha()
        region = self.region(frame)
        if region is None:
            return alpha
        with self._compute.autocast():
            window = [
                self._features(neighbour, frames, count, region)
                for neighbour in neighbours(position, self.window, count)
            ]
            padded = _pad(frame.trimap, self._bounds(frame))
            unknown = torch.from_numpy((padded[region.slices] == UNKNOWN)[None, None]).to(self._compute.device)
            context = self._network.context(window, unknown.float())
            self._finish(frame, context, window[self.window.past].get(_DRAFT), region, alpha)
        if frame.encoded is not None:
            frame.encoded = replace(frame.encoded, features=self._network.shared(frame.encoded.features))
        return alpha

    def region(self, frame: Frame) -> Box | None:
        """See `Estimator.region`: all that decides the alpha of the frame's unknown pixels."""
        bounds = self._bounds(frame)
        if self._network.margin is None or frame.unknown_box is None:
            return None if frame.unknown_box is None else bounds
        return frame.unknown_box.grown(self._network.margin, bounds).snapped(2 * self._network.stride, bounds)

    def known_colours(self, plate: NDArray[np.float32], trimap: NDArray[np.uint8]) -> KnownColours | None:
        """See `Estimator.known_colours`."""
        return KnownColours.of(plate, trimap) if self._network.keyed else None

    def shrink(self) -> bool:
        """See `Estimator.shrink`."""
        if 0 < self.tile <= SMALLEST_TILE:
            return False
        self.tile = max(self.tile // 2, SMALLEST_TILE)
        return True

    def _bounds(self, frame: Frame) -> Box:
        """The frame, padded to sizes that the network takes."""
        stride, least = self._network.stride, self._network.smallest
        height, width = (max(-(-side // stride) * stride, least) for side in frame.trimap.shape)
        return Box(0, 0, height, width)

    def _features(self, position: int, frames: Mapping[int, Frame], count: int, region: Box) -> Features:
        """Features of a region of the frame at `position`, encoded now if no window has needed them yet."""
        frame = frames[position]
        if frame.encoded is None:
            wanting = [frames[other] for other in served(position, self.window, count) if other in frames]
            regions = [box for other in wanting if (box := self.region(other)) is not None]
            frame.encoded = self._encode(frame, union([region, *regions]))
        outer = frame.encoded.region
        return {name: _cut(maps, outer, region) for name, maps in frame.encoded.features.items()}

    def _encode(self, frame: Frame, region: Box) -> Encoded:
        prepared = self._prepared(frame)
        features = self._network.encode(self._stems(prepared, region))
        if self._network.drafts:
            draft = self._draft(frame, features, region)
            features = self._network.absorb(features, draft) | {_DRAFT: draft}
        # One by one: both of all of them at once would be the peak of a large frame.
        return Encoded(region, {name: apart(features.pop(name)) for name in list(features)})

    def _strips(self, region: Box) -> Iterator[Box]:
        """Full rows of a region, as many pixels in each as in four tiles."""
        rows = region.height
        if self.tile:
            grid = self._network.stride
            rows = max(4 * self.tile * self.tile // region.width // grid * grid, grid)
        for top in range(region.top, region.bottom, rows):
            yield replace(region, top=top, bottom=min(top + rows, region.bottom))

    def _stems(self, prepared: PreparedFrame, region: Box) -> Tensor:
        """The stem of a region; its strips are gone when `encode` begins, where memory peaks."""
        stems = [self._stem(prepared, strip, region) for strip in self._strips(region)]
        return torch.cat(stems, dim=2) if len(stems) > 1 else stems[0]

    def _stem(self, prepared: PreparedFrame, strip: Box, region: Box) -> Tensor:
        halo = strip.grown(self._network.stem_halo, region)
        return _cut(self._network.stem(self._crop(prepared, halo)), halo, strip)

    def _draft(self, frame: Frame, features: Features, region: Box) -> Tensor:
        """The network's draft of a region, (1, K, h, w); where nothing is unknown, what the trimap says."""
        prepared = self._prepared(frame)
        known = _pad(frame.trimap, self._bounds(frame))[region.slices]
        draft = torch.ones(1, self._network.drafts, *known.shape, device=self._compute.device)
        draft[0, 0] = torch.from_numpy((known == FOREGROUND).astype(np.float32)).to(draft.device)
        for core, halo in self._unsolved(known, region, self._network.draft_halo):
            part = {name: _cut(maps, region, halo) for name, maps in features.items()}
            rows, columns = core.inside(region)
            # A draft is convolutions alone, which would round its pixels one by one.
            pixels = self._crop(prepared, halo, dtype=self._compute.dtype)
            draft[:, :, rows, columns] = _cut(self._network.draft(part, pixels), halo, core)
        return draft

    def _finish(self, frame: Frame, context: Tensor, draft: Tensor | None, region: Box, alpha: Alpha) -> None:
        """Write the alpha of the unknown pixels, tile by tile."""
        height, width = alpha.shape
        prepared = self._prepared(frame)
        known = _pad(frame.trimap, self._bounds(frame))[region.slices]
        for core, halo in self._unsolved(known, region, self._network.halo):
            drafted = None if draft is None else _cut(draft, region, halo)
            pixels = self._crop(prepared, halo, self._network.finish_channels)
            part = self._network.finish(_cut(context, region, halo), pixels, drafted)
            values = _cut(part, halo, core)[0, 0].float().cpu().numpy()
            rows, columns = slice(core.top, min(core.bottom, height)), slice(core.left, min(core.right, width))
            unknown = frame.trimap[rows, columns] == UNKNOWN
            alpha[rows, columns][unknown] = values[: unknown.shape[0], : unknown.shape[1]][unknown]

    def _unsolved(self, trimap: NDArray[np.uint8], region: Box, reach: int) -> Iterator[tuple[Box, Box]]:
        """The tiles of a region that hold unknown pixels: the box around these, and with the halo that it wants.

        Args:
            trimap: Of the region, (h, w).
            region: To cut into tiles.
            reach: Width of a halo in pixels.
        """
        for tile in [region] if self.tile == 0 else tiles(region, self.tile):
            rows, columns = tile.inside(region)
            solved = mask_box(trimap[rows, columns] == UNKNOWN)
            if solved is not None:
                core = solved.moved(tile.top, tile.left).snapped(_TILE_GRID, tile)
                yield core, core.grown(reach, region)

    def _prepared(self, frame: Frame) -> PreparedFrame:
        if frame.prepared is None:
            if frame.plate is None:
                raise RuntimeError(f"the plate of frame {frame.number} was released before it was encoded")
            bounds = self._bounds(frame)
            frame.prepared = self._network.prepare(_pad(frame.plate, bounds), _pad(frame.trimap, bounds), frame.keys)
        return frame.prepared

    def _crop(
        self, prepared: PreparedFrame, box: Box, channels: int | None = None, dtype: torch.dtype = torch.float32
    ) -> Tensor:
        pixels = prepared.crop(*box.slices, channels, dtype).to(self._compute.device, non_blocking=True)
        return pixels.contiguous(memory_format=torch.channels_last)


def _pad(pixels: NDArray[Pixel], bounds: Box) -> NDArray[Pixel]:
    """Extend (H, W, ...) to `bounds` by reflection: a plate is never resized."""
    below, right = bounds.height - pixels.shape[0], bounds.width - pixels.shape[1]
    if below == right == 0:
        return pixels
    padded: NDArray[Pixel] = np.asarray(cv2.copyMakeBorder(pixels, 0, below, 0, right, cv2.BORDER_REFLECT_101))
    return padded


def _cut(maps: Tensor, outer: Box, inner: Box) -> Tensor:
    """The part of (N, C, h, w), maps of `outer` at any stride, that covers `inner`."""
    if outer == inner:
        return maps
    rows, columns = inner.inside(outer, outer.height // maps.shape[2])
    return maps[:, :, rows, columns]
