"""From what the directions say about a frame, and what of it looks like the keys' object, to its trimap.

The band is as wide as the key's, wider where the match is doubtful or the directions contradict each other, and reaches
over what neither direction followed but looks like the object. It leaves out what was carried there without certainty
and looks like the keys' background, and what was followed from where a key is solid, or clear. So truth stays inside,
and the band stays narrow where all agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dvm_core.io.trimap_file import BACKGROUND, FOREGROUND, UNKNOWN
from dvm_core.trimap.propagate_grid import SQUARE, Grid, Map, distance, edge
from dvm_core.trimap.propagate_key import OBJECT
from dvm_core.trimap.propagate_track import Carried

_LEAST = 0.05  # certainty that every answer has, so that the nearer key decides where neither matches
_NEAR = 0.1  # pixels whose carried alpha is further than this from 0 belong to the object that confidence is of
_MIXED = 0.05  # further than this from 0 and 1, a carried alpha is mixed; as of keys
_OPEN = 0.2  # of the label that says that a pixel is unknown for its own sake, in either direction
_AGAINST = 0.3  # alphas that differ by more contradict each other
_AROUND = 4.0  # grid pixels that doubt is averaged over, as a Gaussian's sigma
_WIDER, _WIDEST = 20.0, 16.0  # grid pixels that the band grows by where all is doubt, and at most
_SURE = 0.6  # certainty with which an edge stays in the band whatever it looks like
_CORE, _FOLLOWED = 0.7, 0.4  # of what was known foreground in the keys, and certainty, from which on it stays so
_CLEAR, _CALM = 0.5, 0.92  # of what was known background, and certainty all around, from which on it stays so
_SURROUNDINGS = 20.0  # grid pixels that this certainty is averaged over, as a Gaussian's sigma
_UNSEEN = 1.0  # odds above which it looks too much like the object all the same
_STRANGE = -1.5  # odds (logarithm) below which a pixel looks like the keys' background
_ALIKE = -0.5  # odds above which a pixel looks like the object: low, for what is missed costs more than what is solved
_LIKELY = -2.0  # and the same with how rare the object is; small objects would drown in what happens to look so
_FAR = 100.0  # grid pixels from the carried object that lower the odds by one
_RIM = 3  # grid pixels around what looks like the object

_TWO = np.ones((2, 2), np.uint8)


@dataclass(frozen=True)
class Answer:
    """What one direction says.

    Attributes:
        carried: Labels and certainty.
        nearness: Of its key, 1 on it and 0 on the key at the segment's other end.
        margin: Width of its key's band, in grid pixels.
    """

    carried: Carried
    nearness: float
    margin: float


@dataclass(frozen=True)
class Blended:
    """What all directions say, each by its nearness, trust and certainty.

    Attributes:
        alpha: (h, w) in [0, 1].
        open: (h, w), the largest of the labels that say that a pixel is unknown for its own sake.
        core: (h, w), how much of each pixel is known foreground in the keys.
        clear: (h, w), how much of it is known background there, as both directions have it; 0 for one direction.
        against: (h, w), how much the directions' alphas differ; 0 for one direction.
        certainty: (h, w) in [0, 1].
        margin: Width of the band, in grid pixels.
        confidence: One number for the frame, in [0, 1].
    """

    alpha: Map
    open: Map
    core: Map
    clear: Map
    against: Map
    certainty: Map
    margin: float
    confidence: float


def blend(answers: Sequence[Answer]) -> Blended:
    """Blend one or two directions."""
    all_carried = [answer.carried for answer in answers]
    weights = np.stack(
        [answer.nearness * answer.carried.trust**2 * (answer.carried.certainty + _LEAST) + 1e-9 for answer in answers]
    ).astype(np.float32)
    weights /= weights.sum(axis=0)
    labels = np.stack([carried.labels for carried in all_carried])
    alphas = labels[:, 0]
    blended = np.einsum("dhw,dlhw->lhw", weights, labels)
    near = sum(answer.nearness for answer in answers)
    against = np.abs(alphas[0] - alphas[-1])
    certain = np.stack([carried.trust * np.sqrt(carried.certainty) for carried in all_carried])
    return Blended(
        alpha=blended[0],
        open=labels[:, 1].max(axis=0),
        core=blended[2],
        clear=labels[:, 3].min(axis=0) * np.float32(len(answers) > 1),
        against=against,
        certainty=np.einsum("dhw,dhw->hw", weights, certain).astype(np.float32),
        margin=float(sum(answer.nearness * answer.margin for answer in answers) / near),
        confidence=_confidence(blended, weights, all_carried, against),
    )


def draw(blended: Blended, odds: Map | None, grid: Grid, prior: float = 0.0) -> NDArray[np.uint8]:
    """The trimap of a frame.

    Args:
        blended: What was carried to it.
        odds: (h, w), logarithm of the odds that pixels are the object's by their looks; None where looks tell nothing.
        grid: Of the segment.
        prior: The same for any pixel, before it is looked at.

    Returns:
        (H, W) of 0, 128 and 255.
    """
    alpha = blended.alpha
    core = _mixed(blended) | edge(alpha)
    certainty = cv2.GaussianBlur(blended.certainty, (0, 0), _AROUND)
    doubt = 1 - certainty * (1 - cv2.GaussianBlur(blended.against, (0, 0), _AROUND))
    far = distance(core)
    band = (far <= blended.margin + np.minimum(_WIDER * doubt, _WIDEST)) | (blended.open > _OPEN)
    if odds is not None:
        sure = (far <= blended.margin) & (certainty > _SURE)
        inside = alpha > 0.5
        band &= (odds > _STRANGE) | sure | inside
        band |= _alike(odds - max(_ALIKE, _LIKELY - prior), core | (blended.open > _OPEN) | inside) & ~inside
    # A post is thinner than a wide band: what was followed from the middle of it stays solid.
    band &= ~((blended.core >= _CORE) & (certainty >= _FOLLOWED) & (blended.against <= _AGAINST))
    band &= ~_clear(blended, odds)
    trimap = np.where(grid.enlarge(alpha) > 0.5, FOREGROUND, BACKGROUND).astype(np.uint8)
    trimap[grid.enlarge(band.astype(np.float32)) >= 0.5] = UNKNOWN
    return trimap


def _clear(blended: Blended, odds: Map | None) -> NDArray[np.bool_]:
    """What was background in the keys on both sides, and is still.

    It counts where all around was followed well, pixel by pixel never: what moves fast and blurs passes over a
    background that goes on matching, and a band with holes and notches is worse to matte in than a wide one.
    """
    calm = cv2.GaussianBlur(blended.certainty, (0, 0), _SURROUNDINGS) >= _CALM
    clear = calm & (blended.clear >= _CLEAR)
    return np.asarray(clear if odds is None else clear & (odds < _UNSEEN))


def _mixed(blended: Blended) -> NDArray[np.bool_]:
    mixed = (blended.alpha > _MIXED) & (blended.alpha < 1 - _MIXED)
    mixed |= blended.against > _AGAINST
    # Single pixels are noise of the search, not strands: those are carried as wide.
    return np.asarray(cv2.morphologyEx(mixed.astype(np.uint8), cv2.MORPH_OPEN, _TWO) > 0)


def _alike(evidence: Map, carried: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What looks like the object, and a rim around it; less is believed far from where the object was carried to."""
    alike = (evidence - distance(carried) / _FAR > 0).astype(np.uint8)
    alike = cv2.morphologyEx(alike, cv2.MORPH_OPEN, SQUARE)
    rim = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _RIM + 1, 2 * _RIM + 1))
    return np.asarray(cv2.dilate(alike, rim) > 0)


def _confidence(labels: Map, weights: Map, answers: Sequence[Carried], against: Map) -> float:
    """Trust in the way and certainty on the object, less where the directions contradict each other."""
    counted = labels[OBJECT].max(axis=0) > _NEAR
    if not counted.any():
        return float(max(carried.trust for carried in answers))
    shares = weights[:, counted].mean(axis=1)
    trust = sum(float(share) * carried.trust for share, carried in zip(shares, answers, strict=True))
    certainty = sum(weight * carried.certainty for weight, carried in zip(weights, answers, strict=True))
    confidence = trust * float(np.asarray(certainty)[counted].mean()) ** 0.5
    return float(confidence * (1.0 - float((against[counted] > 0.5).mean())))
