"""What corrections give by themselves: errors of the evaluation's clips with 3 of 12 frames finished, nothing learnt.

    python -m benchmarks.corrections                 all clips
    python -m benchmarks.corrections curls smoke     some

The first, a middle and the last frame are finished; means are those of the other nine, in the measures between frames
those of pairs without a finished one.
"""

from __future__ import annotations

import argparse

import numpy as np
from numpy.typing import NDArray

from benchmarks.evaluation.clips import CLIPS, Take, make_take
from benchmarks.evaluation.models import Alphas, network
from benchmarks.evaluation.scores import geometric_mean
from dvm_core.io.trimap_file import UNKNOWN
from dvm_core.metrics import evaluate
from dvm_core.model.correction import Correction, Corrections

SINGLE, BETWEEN = ("sad", "mse"), ("dtssd", "messddt")


def finished(count: int) -> tuple[int, int, int]:
    """Positions of the finished frames."""
    return 0, count // 2 - 1, count - 1


def corrected(take: Take, alphas: Alphas) -> Alphas:
    """The alphas of a model once the finished frames are known."""
    known = Corrections(Correction(at, alphas[at], take.alphas[at]) for at in finished(len(alphas)))
    pairs = zip(alphas, take.trimaps, strict=True)
    return np.stack([known.applied(at, alpha, trimap == UNKNOWN) for at, (alpha, trimap) in enumerate(pairs)])


def errors(take: Take, alphas: Alphas) -> dict[str, float]:
    """Means of what no finished frame has a part in."""
    open_ = np.ones(len(alphas), bool)
    open_[list(finished(len(alphas)))] = False
    found = evaluate(alphas, take.alphas, take.trimaps)
    singles = {name: _mean(found[name], open_) for name in SINGLE}
    return singles | {name: _mean(found[name], open_[1:] & open_[:-1]) for name in BETWEEN}


def _mean(values: NDArray[np.float64], where: NDArray[np.bool_]) -> float:
    return float(np.asarray(values)[where].mean())


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="*", default=list(CLIPS), metavar="CLIP")
    parser.add_argument("--model", default="lite")
    options = parser.parse_args()
    print("| clip | SAD | corrected | | MSE | dtSSD | MESSDdt |\n|---|---|---|---|---|---|---|")
    ratios: dict[str, list[float]] = {name: [] for name in (*SINGLE, *BETWEEN)}
    for name in options.clips:
        take = make_take(name, "medium")
        alphas = network(take, options.model)
        before, after = errors(take, alphas), errors(take, corrected(take, alphas))
        for measure, values in ratios.items():
            values.append(after[measure] / before[measure])
        row = " | ".join(f"{values[-1]:.2f}x" for values in ratios.values())
        print(f"| {name} | {before['sad']:.2f} | {after['sad']:.2f} | {row} |", flush=True)
    row = " | ".join(f"{geometric_mean(values):.2f}x" for values in ratios.values())
    print(f"| geometric mean | | | {row} |")


if __name__ == "__main__":
    main()
