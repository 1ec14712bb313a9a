"""Global attention of trimap propagation: every pixel asks all pixels of the keys whether what looks so is the object.

Attention over all pairs of pixels costs the square of a frame. Linear attention (Katharopoulos et al., *Transformers
are RNNs*, ICML 2020) sums keys and values up once instead; whitened by the keys' own second moments, that sum is the
ridge regression of the labels on the features, which is solved exactly. What it answers is turned into odds by how
often pixels of the keys that got this answer were the object's, so that features which tell nothing say nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.float32]

_RIDGE = 1e-4  # of the features' mean square
_SOFT = 1.5  # pixels that answers are averaged over, as a Gaussian's sigma
_BINS = np.linspace(-1.5, 1.5, 31)  # of answers, which aim at -1 and 1
_CENTRES = (_BINS[1:] + _BINS[:-1]) / 2
_TOLD = 0.5  # by which the share of the object that looks like it exceeds that of the background
_RARE = 5.0  # pixels added to each bin, so that few make no certainty


class Recall:
    """Tells the object from what is around it, by keys alone.

    Args:
        features: (h, w, C) float32 of each key, at least one; any scale.
        labels: (h, w) of each key, true on the object.

    Attributes:
        knows: Whether looks tell the object from its surroundings: not where the keys show only one of them, or where
            the share of the object that looks like it is not much larger than that of the background.
        prior: Logarithm of the odds that a pixel of the keys is the object's, before its looks are known.
    """

    def __init__(self, features: Sequence[Map], labels: Sequence[NDArray[np.bool_]]) -> None:
        values = np.concatenate([one.reshape(-1, one.shape[-1]) for one in features])
        truth = np.concatenate([one.ravel() for one in labels])
        self.knows, self.prior = bool(truth.any() and not truth.all()), 0.0
        if not self.knows:
            return
        self._mean, self._scale = values.mean(axis=0), values.std(axis=0) + np.float32(1e-3)
        keys = _with_one((values - self._mean) / self._scale)
        self.prior = float(np.log(truth.mean() / (1 - truth.mean())))
        # Object and background count the same, however small the object is.
        share = np.where(truth, 0.5 / truth.mean(), 0.5 / (1 - truth.mean())).astype(np.float32)
        moments = keys.T @ (keys * share[:, None]) + np.float32(_RIDGE * len(keys)) * np.eye(keys.shape[1])
        self._weights = np.linalg.solve(moments, keys.T @ (share * np.where(truth, 1, -1))).astype(np.float32)
        answers = np.concatenate([self._answer(one).ravel() for one in features])
        self._odds = _odds(answers[truth], answers[~truth])
        taken = np.interp(answers, _CENTRES, self._odds) > 0
        self.knows = bool(taken[truth].mean() - taken[~truth].mean() >= _TOLD)

    def odds(self, features: Map) -> Map:
        """Logarithm of the odds, (h, w), that pixels with `features` (h, w, C) are the object's.

        Object and background are taken to be equally large. Only for one that `knows`.
        """
        return np.interp(self._answer(features), _CENTRES, self._odds).astype(np.float32)

    def _answer(self, features: Map) -> Map:
        answer = _with_one((features - self._mean) / self._scale) @ self._weights
        return np.asarray(cv2.GaussianBlur(answer, (0, 0), _SOFT))


def _with_one(values: Map) -> Map:
    return np.concatenate([values, np.ones_like(values[..., :1])], axis=-1)


def _odds(inside: Map, outside: Map) -> NDArray[np.float64]:
    """Logarithm of how much more often the object's pixels gave an answer of each bin."""
    rare = _RARE / min(len(inside), len(outside))
    shares = [np.histogram(answers.clip(_BINS[0], _BINS[-1]), _BINS)[0] / len(answers) for answers in (inside, outside)]
    odds = np.log((shares[0] + rare) / (shares[1] + rare))
    # A higher answer never speaks against the object; bins that nothing fell into speak like the next ones inwards.
    middle = len(odds) // 2
    odds[middle:] = np.maximum.accumulate(odds[middle:])
    odds[:middle] = np.minimum.accumulate(odds[:middle][::-1])[::-1]
    return np.asarray(np.maximum.accumulate(odds))
