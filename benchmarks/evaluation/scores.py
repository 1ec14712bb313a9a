"""Scores of a model, kept between runs for as long as the clips stay what they were."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from benchmarks.evaluation.clips import Take
from benchmarks.evaluation.models import Alphas
from dvm_core.metrics import NAMES, evaluate

RESULTS = Path(__file__).parent / "results"

Scores = dict[str, float]


def measure(alphas: Alphas, take: Take) -> Scores:
    """Means over the frames of every measure."""
    return {name: float(np.mean(values)) for name, values in evaluate(alphas, take.alphas, take.trimaps).items()}


class Store:
    """The scores of one model in a JSON file, by clip and width of trimap.

    Args:
        path: Of the file; it need not be there yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._rows: dict[str, dict] = json.loads(path.read_text()) if path.is_file() else {}

    def get(self, clip: str, width: str, fingerprint: str) -> Scores | None:
        """Scores of a clip, if they were measured on what has this fingerprint."""
        row = self._rows.get(f"{clip}/{width}")
        return row["scores"] if row and row["fingerprint"] == fingerprint else None

    def put(self, clip: str, width: str, fingerprint: str, scores: Scores) -> None:
        """Keep scores, on disk at once."""
        self._rows[f"{clip}/{width}"] = {"fingerprint": fingerprint, "scores": _rounded(scores)}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(".partial")
        partial.write_text(json.dumps(self._rows, indent=1, sort_keys=True) + "\n")
        partial.replace(self.path)


def ratio(first: Mapping[str, Scores], second: Mapping[str, Scores], name: str) -> float:
    """Geometric mean over the clips that both have, of the first's measure divided by the second's.

    Raises:
        ValueError: No clip is in both.
    """
    shared = [clip for clip in first if clip in second]
    if not shared:
        raise ValueError("two models need a clip in common to be compared")
    return geometric_mean(first[clip][name] / second[clip][name] for clip in shared)


def geometric_mean(values: Iterable[float]) -> float:
    """The root of the product."""
    logarithms = [math.log(value) for value in values]
    return math.exp(sum(logarithms) / len(logarithms))


def _rounded(scores: Scores) -> Scores:
    """Six digits: what another machine's arithmetic may change lies beyond."""
    return {name: float(f"{scores[name]:.6g}") for name in (*NAMES, *[key for key in scores if key not in NAMES])}
