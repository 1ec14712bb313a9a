"""One frame in a session: what came in, and what has been computed of it so far."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dvm_core.io.trimap_file import FOREGROUND, UNKNOWN
from dvm_core.model.colour_model import KnownColours
from dvm_core.model.network import Features, PreparedFrame
from dvm_core.pipeline.regions import Box, mask_box


@dataclass
class Encoded:
    """Features of a region of a frame."""

    region: Box
    features: Features


@dataclass
class Frame:
    """A frame while its window passes.

    Attributes:
        number: The caller's frame number.
        plate: (H, W, 3) float32, display-referred [0, 1]; None once nothing needs it any more.
        trimap: (H, W) of 0, 128 and 255.
        wanted: Whether its alpha is asked for, or only what it tells its neighbours.
        keys: Known colours of the keys that its trimap was propagated from; None for one that was made for it.
        prepared: Whole-frame cues, from when it is first encoded until its alpha is done.
        encoded: Its features.
        reduced: The frame that stands for it where the network works on a reduced plate; it has those in its place.
    """

    number: int
    plate: NDArray[np.float32] | None
    trimap: NDArray[np.uint8]
    wanted: bool = True
    keys: KnownColours | None = None
    prepared: PreparedFrame | None = None
    encoded: Encoded | None = None
    reduced: Frame | None = None

    def __post_init__(self) -> None:
        self.unknown_box = mask_box(self.trimap == UNKNOWN)

    def known_alpha(self) -> NDArray[np.float32]:
        """Alpha where the trimap is known, 0.5 elsewhere; (H, W)."""
        alpha = self.trimap.astype(np.float32)
        alpha /= np.float32(FOREGROUND)
        alpha[self.trimap == UNKNOWN] = 0.5
        return alpha

    def release(self) -> None:
        """Let go of the plate; its features, if any, stay for the neighbours."""
        self.prepared = None
        if self.reduced is not None:
            self.reduced.release()
        if self.encoded is not None or self.reduced is not None:
            self.plate = None
