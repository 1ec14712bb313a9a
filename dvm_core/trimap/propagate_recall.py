"""What in a frame looks like the keys' object, wherever it is: for what moves too fast to be followed, or went astray.

Beside the features of `model.propagation`, each pixel says its colour and how it differs from the frames around after
their motion: what a blurred blade or a drifting leaf covers for one frame alone is seen by that difference, while its
own colour is mostly the background's. That is recalled linearly, and says something of colours that no key has, too; so
a look also says how familiar a colour is to either side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dvm_core.dense_flow import fetched, flow, grey
from dvm_core.io.trimap_file import BACKGROUND
from dvm_core.model.colour_model import FAMILIAR, ColourModel, KnownColours
from dvm_core.model.propagation import deep_features
from dvm_core.model.propagation_recall import Recall
from dvm_core.trimap.propagate_grid import Grid, Map
from dvm_core.trimap.propagate_key import on_grid
from dvm_core.trimap.propagate_plates import Plates

_ODDS = 24.0  # what odds (logarithm) span, half of it on either side of 0
_SOFT = 1.5  # grid pixels that familiarity is averaged over, as a Gaussian's sigma
_NOISE = 1.0  # grid pixels that differences are averaged over, as a Gaussian's sigma


@dataclass(frozen=True)
class Look:
    """What a frame's pixels say by their looks alone; or those of a part of it.

    Attributes:
        odds: (h, w), logarithm of the odds that they are the object's.
        foreground: (h, w), how familiar their colours are to the keys' known foreground, in [0, 1]
            (`dvm_core/model/colour_model.py`); 0.5 is a colour that is as common there as all are on the average.
        background: (h, w), and to the known background.
    """

    odds: Map
    foreground: Map
    background: Map

    def cut(self, window: tuple[slice, slice]) -> Look:
        """A part of it."""
        return Look(self.odds[window], self.foreground[window], self.background[window])

    def levels(self) -> Map:
        """All three as numbers in [0, 1], (3, h, w), to be kept."""
        return np.stack([(self.odds / _ODDS + 0.5).clip(0, 1), self.foreground, self.background])

    @classmethod
    def of_levels(cls, levels: Map) -> Look:
        """Back from `levels`."""
        return cls((levels[0] - 0.5) * _ODDS, levels[1], levels[2])


class Looks:
    """What looks like a segment's keys.

    Args:
        keys: Of the segment, (H, W) of 0, 128 and 255 by their frames.
        plates: Of the segment.
        grid: Of the segment.

    Attributes:
        prior: Logarithm of the odds that a pixel of the keys is the object's, before it is looked at.
    """

    def __init__(self, keys: Mapping[int, NDArray[np.uint8]], plates: Plates, grid: Grid) -> None:
        self._plates = plates
        self._colours: list[ColourModel] = []
        seen, labels = [], []
        for frame, key in keys.items():  # one by one: few plates are kept
            seen.append(features(frame, plates))
            labels.append(grid.reduce((key != BACKGROUND).astype(np.float32)) > 0.5)
            self._colours.append(ColourModel(KnownColours.of(plates.small(frame), on_grid(key, grid))))
        self._recall = Recall(seen, labels)
        self.prior = self._recall.prior

    def of(self, frame: int) -> Look | None:
        """What a frame says; None where looks tell nothing on the keys."""
        if not self._recall.knows:
            return None
        colours = np.ascontiguousarray(self._plates.small(frame).reshape(-1, 3).T)
        known = np.max([model.look_up(colours)[FAMILIAR] for model in self._colours], axis=0)
        odds = self._recall.odds(features(frame, self._plates))
        return Look(odds, *(cv2.GaussianBlur(side.reshape(odds.shape), (0, 0), _SOFT) for side in known))


def features(frame: int, plates: Plates) -> Map:
    """Features (h, w, C) of a frame by which it is recalled."""
    picture = plates.small(frame)
    difference = change(picture, [plates.small(other) for other in plates.beside(frame)])
    plain = np.dstack([_lab(picture), difference, np.linalg.norm(difference, axis=-1)])
    first, second = np.triu_indices(plain.shape[-1])
    return np.concatenate([deep_features(picture), plain, plain[..., first] * plain[..., second]], axis=-1)


def change(picture: Map, others: Sequence[Map]) -> Map:
    """What no other frame shows here, at rest or after its motion: the least difference in Lab, in hundreds, (h, w, 3).

    Zero where there is no other frame.
    """
    colour, now = _lab(picture), grey(picture)
    least = np.zeros_like(colour)
    size = np.full(colour.shape[:2], np.inf, np.float32)
    for other in others:
        there = _lab(other)
        for candidate in (there, fetched(there, flow(now, grey(other)))):
            difference = cv2.GaussianBlur(colour - candidate, (0, 0), _NOISE)
            distance = np.linalg.norm(difference, axis=-1)
            nearer = distance < size
            least[nearer], size[nearer] = difference[nearer], distance[nearer]
    return least


def _lab(picture: Map) -> Map:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2LAB) / np.float32(100))
