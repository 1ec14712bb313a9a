"""What in a frame looks like the keys' object, wherever it is: for what moves too fast to be followed.

Beside the features of `model.propagation`, each pixel says its colour and how it differs from the frames around after
their motion: what a blurred blade or a drifting leaf covers for one frame alone is seen by that difference, while its
own colour is mostly the background's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from dvm_core.dense_flow import fetched, flow, grey
from dvm_core.io.trimap_file import BACKGROUND
from dvm_core.model.propagation import deep_features
from dvm_core.model.propagation_recall import Recall
from dvm_core.trimap.propagate_grid import Grid, Map
from dvm_core.trimap.propagate_plates import Plates

_NOISE = 1.0  # grid pixels that differences are averaged over, as a Gaussian's sigma


def recall_of(keys: Mapping[int, NDArray[np.uint8]], plates: Plates, grid: Grid) -> Recall:
    """Learn from a segment's keys, (H, W) of 0, 128 and 255 by their frames."""
    labels = [grid.reduce((key != BACKGROUND).astype(np.float32)) > 0.5 for key in keys.values()]
    return Recall([look(frame, plates) for frame in keys], labels)


def look(frame: int, plates: Plates) -> Map:
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
