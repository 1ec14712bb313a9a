"""Keyframes carried between the first and the last frame of the evaluation's clips: docs/propagation.md's table.

python -m benchmarks.propagation long_hair short_fur
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from benchmarks.evaluation.clips import CLIPS, Take, make_take
from dvm_core.io.trimap_file import UNKNOWN
from dvm_core.trimap.propagate import propagate

MIXED = (0.02, 0.98)


def measure(take: Take) -> str:
    """Share of truly mixed pixels inside the propagated unknown region, and its area against each frame's own."""
    last = len(take.plates) - 1
    keys = {0: take.trimaps[0], last: take.trimaps[last]}
    started = time.perf_counter()
    inner = [found for found in propagate(range(last + 1), keys, lambda at: take.plates[at]) if found.frame not in keys]
    seconds = (time.perf_counter() - started) / len(inner)
    inside, area = [], []
    for found in inner:
        alpha, unknown = take.alphas[found.frame], found.trimap == UNKNOWN
        mixed = (alpha > MIXED[0]) & (alpha < MIXED[1])
        inside.append(unknown[mixed].mean())
        area.append(unknown.sum() / (take.trimaps[found.frame] == UNKNOWN).sum())
    confidence = np.mean([found.confidence for found in inner])
    return f"{take.name} | {np.mean(inside):.1%} | {np.mean(area):.2f}x | {confidence:.2f} | {seconds:.2f} s"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clips", nargs="*", default=["long_hair", "short_fur", "curls", "motion_blur"], metavar="CLIP")
    options = parser.parse_args()
    unknown = sorted(set(options.clips) - set(CLIPS))
    if unknown:
        parser.error(f"no clip {', '.join(unknown)}; there are {', '.join(CLIPS)}")
    print("| clip | mixed | area | confidence | a frame |\n|---|---|---|---|---|")
    for name in options.clips:
        print(f"| {measure(make_take(name, 'medium'))} |", flush=True)


if __name__ == "__main__":
    main()
