"""Colour models of the known foreground and background: which side a colour is at home on, wherever it stands.

The nearest known pixels say little about a lock of hair that hangs far from them; the colours of all known pixels say a
lot. Both sides are counted in histograms of sRGB (as in Rother et al., *GrabCut*, section 3, whose mixtures these
replace), pixels near the unknown region counting most, smoothed, and looked up between the bins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

CHANNELS = 4
"""Of a look-up: foreground's share of the density, narrowly and widely smoothed; how familiar the colour is to the
foreground, and to the background."""

FAMILIAR = slice(2, 4)
"""The latter two of them."""

BINS = 32
NARROW, WIDE = 0.6, 2.0  # standard deviations of the smoothing, in bins
_NEAR = 32.0  # pixels from the unknown region at which a known pixel counts half
_FAR = 160.0  # pixels from which on it does not count
_STRIP = 1 << 18  # pixels counted at a time: a large frame's are counted beside what else is kept of it
_DOUBT = (0.1, 0.3)  # density, in multiples of the mean, that stands for "seen by chance", narrow and wide
_DECADES, _TOP = 4.0, 2.0  # of density: what familiarity spans, and where it ends, a hundred times the mean

Float = NDArray[np.float32]


@dataclass(frozen=True)
class KnownColours:
    """Which colours the known foreground and the known background have.

    Attributes:
        densities: (2, `BINS`, `BINS`, `BINS`) float32 over sRGB, foreground first, in multiples of the mean density;
            all 0 for a side without known pixels.
    """

    densities: Float

    @classmethod
    def of(cls, plate: Float, trimap: NDArray[np.uint8]) -> KnownColours:
        """Count those of one frame.

        Args:
            plate: (H, W, 3) float32 in [0, 1].
            trimap: (H, W) of 0, 128 and 255.
        """
        known = (trimap == 0) | (trimap == 255)
        distance = cv2.distanceTransform(known.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
        near = known & (distance < _FAR)
        counts = np.zeros((2, BINS**3))
        rows = max(_STRIP // known.shape[1], 1)
        for top in range(0, known.shape[0], rows):
            part = slice(top, top + rows)
            bins = _bins(plate[part][near[part]])
            weight = 1.0 / (1.0 + distance[part][near[part]] / np.float32(_NEAR))
            foreground = trimap[part][near[part]] == 255
            for side, its in zip(counts, (foreground, ~foreground), strict=True):
                side += np.bincount(bins[its], weights=weight[its], minlength=BINS**3)
        return cls(np.stack([_density(side) for side in counts]))

    @classmethod
    def mixed(cls, parts: Sequence[tuple[KnownColours, float]]) -> KnownColours:
        """Those of several frames by their shares; a side that some have not is shared out among those that have it.

        Args:
            parts: Colours and their shares, at least one, all above 0.
        """
        sides = [[(known.densities[side], share) for known, share in parts] for side in (0, 1)]
        return cls(np.stack([_mixed(side) for side in sides]))


class ColourModel:
    """What the known colours of both sides say of any colour.

    Args:
        known: The colours. A side without any is taken as at home in all colours alike.
    """

    def __init__(self, known: KnownColours) -> None:
        sides = [density if density.any() else np.ones_like(density) for density in known.densities]
        narrow, wide = ([_smooth(side, sigma) for side in sides] for sigma in (NARROW, WIDE))
        volumes = [_share(narrow, _DOUBT[0]), _share(wide, _DOUBT[1]), *map(_familiarity, narrow)]
        self._volumes = torch.from_numpy(np.stack(volumes).astype(np.float32))[None]

    def look_up(self, colours: Float) -> Float:
        """What the model says of colours.

        Args:
            colours: (3, P) in [0, 1].

        Returns:
            (`CHANNELS`, P) float32 in [0, 1].
        """
        # grid_sample counts x, y, z from the last axis of the volume: blue, green, red.
        places = torch.from_numpy(np.ascontiguousarray(colours[::-1].T * 2.0 - 1.0))[None, None, None]
        found = functional.grid_sample(self._volumes, places, padding_mode="border", align_corners=False)
        return np.asarray(found[0, :, 0, 0].numpy())


def _bins(colours: Float) -> NDArray[np.int32]:
    """Flat bins of colours (P, 3)."""
    cells = np.clip(colours * np.float32(BINS), 0, BINS - 1).astype(np.int32)
    return np.asarray((cells[:, 0] * BINS + cells[:, 1]) * BINS + cells[:, 2])


def _density(counts: NDArray[np.float64]) -> Float:
    """A side's counts, (BINS**3,), in multiples of the mean, (BINS, BINS, BINS); 0 where there are none."""
    whole = counts.sum()
    scale = BINS**3 / whole if whole else 0.0
    return np.asarray(counts * scale, np.float32).reshape(BINS, BINS, BINS)


def _mixed(parts: Sequence[tuple[Float, float]]) -> Float:
    """A side's densities by their shares."""
    there = [(density, share) for density, share in parts if density.any()]
    if not there:
        return np.zeros_like(parts[0][0])
    whole = sum(share for _, share in there)
    return np.asarray(sum(density * np.float32(share / whole) for density, share in there), np.float32)


def _smooth(density: Float, sigma: float) -> Float:
    """Blur along all three axes; what would leave the cube stays in it."""
    kernel = cv2.getGaussianKernel(2 * round(3 * sigma) + 1, sigma)
    none = np.ones(1)
    for _ in range(3):  # blur the first axis, then bring the next one to the front
        rows = density.reshape(BINS, -1)
        rows = cv2.sepFilter2D(rows, cv2.CV_32F, none, kernel, borderType=cv2.BORDER_REFLECT)
        density = np.ascontiguousarray(rows.reshape(BINS, BINS, BINS).transpose(1, 2, 0), dtype=np.float32)
    return density


def _share(sides: list[Float], doubt: float) -> Float:
    """Foreground's share of the densities of foreground and background."""
    foreground, background = sides
    return np.asarray((foreground + doubt) / (foreground + background + 2.0 * doubt))


def _familiarity(density: Float) -> Float:
    """Density on a logarithmic scale."""
    floor = 10.0 ** (_TOP - _DECADES)
    return np.asarray(np.clip((np.log10(density + floor) - _TOP) / _DECADES + 1.0, 0.0, 1.0))
