"""One direction of propagation: from a key, frame by frame, with a memory.

Each frame is matched with three references: the key itself, which never drifts; the frame before, which looks most
alike; and the last frame that was matched well some steps ago. Where each reference's windows are centred follows from
flow, added up along the way and corrected by where the windows found their best match.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dvm_core.dense_flow import flow, grey
from dvm_core.model.propagation import Appearance, describe
from dvm_core.model.propagation_match import match
from dvm_core.trimap.propagate_grid import Box, Grid, Map
from dvm_core.trimap.propagate_key import LABELS, OBJECT, understand
from dvm_core.trimap.propagate_recall import Look
from dvm_core.trimap.propagate_review import review

_REMEMBER = 5  # frames from one remembered frame to the next
_WELL = 0.7  # certainty that a frame must have to be remembered
_CHOOSY = 0.05  # how much more similar a reference must be to count e times as much
_WORTHLESS, _GOOD = 0.2, 1.2  # similarities that are no certainty at all, and all that moving things reach
_SHARPEN = 1.1  # each step averages a little; without this, edges would soften frame by frame
_LOSS = 0.1  # of trust, at each step, where nothing is certain
_CUT = 0.4  # certainty below which the scene is another one
_AFTER_CUT = 0.2  # trust that is left then
_PRESENT = 0.15  # labels above are part of the object or of its edge
_ISLAND = 0.02  # of the object's area: a part of it that is smaller and stands alone is a mistake


@dataclass(frozen=True)
class Carried:
    """What a direction says about a frame.

    Attributes:
        labels: (LABELS, h, w) over the grid, as in `propagate_key.Key`.
        certainty: (h, w) in [0, 1]: how well each pixel was matched.
        trust: In [0, 1]: how well the way here was matched; 1 at the key.
    """

    labels: Map
    certainty: Map
    trust: float


@dataclass
class _Reference:
    """A frame to match with, and the way to it from the frame that was computed last."""

    box: Box
    appearance: Appearance
    labels: Map
    flow: Map


class Tracker:
    """Carries one key along.

    Args:
        picture: (h, w, 3) of the key's frame on the grid, float32 display-referred in [0, 1].
        trimap: (H, W) of 0, 128 and 255.
        grid: Of the segment.

    Attributes:
        margin: Width of the key's band, in grid pixels.
    """

    def __init__(self, picture: Map, trimap: NDArray[np.uint8], grid: Grid) -> None:
        self._grid = grid
        labels, self.margin = understand(picture, trimap, grid)
        self._trust, self._steps = 1.0, 0
        self._grey = grey(picture)
        self._references: list[_Reference] = []
        box = grid.box(labels[OBJECT].max(axis=0) > 0.5)
        if box is not None:
            self._references = [_remembered(box, describe(_cut(picture, box)), labels[:, box.window[0], box.window[1]])]

    def step(self, picture: Map, look: Look | None = None) -> Carried:
        """Carry on to the next frame.

        Args:
            picture: (h, w, 3) on the grid.
            look: What its pixels say by their looks; None where looks tell nothing.
        """
        now, before = grey(picture), self._grey
        self._grey = now
        box = self._box()
        if box is None:  # nothing to follow: the key is empty, or what it showed has left
            self._references = []
            return _nothing(self._grid, self._trust)
        way = flow(_cut(now, box), _cut(before, box))
        target = describe(_cut(picture, box))
        labels, certainty = self._match(target, box, way)
        if look is not None:
            labels = review(labels, certainty, look.cut(box.window))
        labels = _without_islands(labels)
        mean = _mean_certainty(labels, certainty)
        self._trust *= _AFTER_CUT if mean < _CUT else 1 - _LOSS * (1 - mean)
        self._remember(_remembered(box, target, labels), well=mean > _WELL)
        return _on_grid(self._grid, box, labels, certainty, self._trust)

    def _box(self) -> Box | None:
        if not self._references:
            return None
        last = self._references[-1]
        region = np.zeros(self._grid.shape, bool)
        region[last.box.window] = last.labels[OBJECT].max(axis=0) > 0.5
        return self._grid.box(region)

    def _match(self, target: Appearance, box: Box, way: Map) -> tuple[Map, Map]:
        """Labels of a frame from all references, each counting by how well it matches."""
        last_box = self._references[-1].box
        found = []
        for reference in self._references:
            newest = reference is self._references[-1]
            reference.flow = way if newest else _compose(way, reference.flow, box, last_box)
            x, y = self._positions(box, reference.flow)
            result = match(
                target, reference.appearance, _sampled(reference, x, y), x - reference.box.left, y - reference.box.top
            )
            if not newest:
                # Single pixels jump among equals; their surroundings say where they really went.
                reference.flow = reference.flow + np.dstack(
                    [cv2.medianBlur(np.ascontiguousarray(axis), 5) for axis in result.shift.transpose(2, 0, 1)]
                )
            found.append(result)
        best = np.stack([result.similarity for result in found])
        weights = np.exp((best - best.max(axis=0)) / _CHOOSY)
        weights /= weights.sum(axis=0)
        labels = sum(weight * result.labels for weight, result in zip(weights, found, strict=True))
        labels[0] = ((labels[0] - 0.5) * _SHARPEN + 0.5).clip(0, 1)
        certainty = (best.max(axis=0) - _WORTHLESS) / (_GOOD - _WORTHLESS)
        return labels.astype(np.float32), certainty.clip(0, 1)

    def _positions(self, box: Box, flow: Map) -> tuple[Map, Map]:
        """Where flow leads, inside the frame."""
        x, y = box.positions()
        height, width = self._grid.shape
        return (x + flow[..., 0]).clip(0, width - 1), (y + flow[..., 1]).clip(0, height - 1)

    def _remember(self, newest: _Reference, *, well: bool) -> None:
        """Keep the key, the remembered frame and the newest, in this order, the way to each of them up to date."""
        key, *others = self._references
        old, last = (others[0] if len(others) > 1 else None), self._references[-1]
        self._steps += 1
        if last is not key and well and self._steps % _REMEMBER == 1:
            old = last
        self._references = [reference for reference in (key, old, newest) if reference is not None]


def _remembered(box: Box, appearance: Appearance, labels: Map) -> _Reference:
    still = np.zeros((box.bottom - box.top, box.right - box.left, 2), np.float32)
    return _Reference(box, appearance, np.ascontiguousarray(labels), still)


def _without_islands(labels: Map) -> Map:
    """Forget specks that stuck to something the object passed by."""
    count, parts, stats, _ = cv2.connectedComponentsWithStats((labels[OBJECT].max(axis=0) > _PRESENT).astype(np.uint8))
    areas = stats[:, cv2.CC_STAT_AREA]
    if count > 2:
        islands = areas < _ISLAND * areas[1:].sum()
        islands[0] = False
        labels[:, islands[parts]] = 0.0
    return labels


def _sampled(reference: _Reference, x: Map, y: Map) -> Map:
    """Labels of a reference where flow leads; outside its box there is background."""
    x, y = x - np.float32(reference.box.left), y - np.float32(reference.box.top)
    return np.stack([cv2.remap(label, x, y, cv2.INTER_LINEAR) for label in reference.labels])


def _compose(first: Map, second: Map, box: Box, second_box: Box) -> Map:
    """Flow from `box` by `first`, and from there on by `second`, which is known over `second_box`."""
    x, y = box.positions()
    x, y = x + first[..., 0] - np.float32(second_box.left), y + first[..., 1] - np.float32(second_box.top)
    onward = cv2.remap(second, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(first + onward, np.float32)


def _cut(picture: NDArray, box: Box) -> NDArray:  # type: ignore[type-arg]
    return np.ascontiguousarray(picture[box.window])


def _mean_certainty(labels: Map, certainty: Map) -> float:
    """Over the object and its edge, for the background around it tells nothing about it."""
    counted = labels[OBJECT].max(axis=0) > 0.1
    return float(certainty[counted].mean()) if counted.any() else float(certainty.mean())


def _nothing(grid: Grid, trust: float) -> Carried:
    return Carried(np.zeros((LABELS, *grid.shape), np.float32), np.full(grid.shape, _CUT, np.float32), trust)


def _on_grid(grid: Grid, box: Box, labels: Map, certainty: Map, trust: float) -> Carried:
    carried = _nothing(grid, trust)
    carried.labels[:, box.window[0], box.window[1]] = labels
    carried.certainty[box.window] = certainty
    return carried
