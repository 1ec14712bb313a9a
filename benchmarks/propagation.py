"""Keyframes carried to every frame: the tables of docs/propagation.md.

    python -m benchmarks.propagation                       the evaluation's clips, first and last of 12 frames as keys
    python -m benchmarks.propagation --matte long_hair     and the error of mattes made with those trimaps
    python -m benchmarks.propagation --footage FOLDER      real clips, 40 frames from the first one's key alone

FOLDER holds the footage that `_propagation_clips.py` names.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks._propagation_clips import LENGTH, Clip, Mask, real_clips
from benchmarks.evaluation.clips import CLIPS, Take, make_take
from benchmarks.evaluation.models import network
from dvm_core.dense_flow import fetched, flow, grey
from dvm_core.io.trimap_file import UNKNOWN
from dvm_core.trimap.create import make_trimap
from dvm_core.trimap.propagate import Propagated, propagate
from dvm_core.trimap.propagate_grid import Grid
from dvm_core.trimap.propagate_plates import Plates
from dvm_core.trimap.propagate_recall import Looks
from dvm_core.trimap.propagate_track import Tracker

MIXED = (0.02, 0.98)
BAND = 0.004
"""Reach of a real clip's unknown band on either side of its mask's edge, as a part of the width."""


def between(take: Take) -> tuple[list[Propagated], float]:
    """The first and the last trimap carried to the frames between them, and seconds a frame."""
    last = len(take.plates) - 1
    keys = {0: take.trimaps[0], last: take.trimaps[last]}
    started = time.perf_counter()
    found = list(propagate(range(last + 1), keys, lambda at: take.plates[at]))
    return found, (time.perf_counter() - started) / (last - 1)


def trimaps(take: Take, all_found: list[Propagated], seconds: float) -> str:
    """Share of truly mixed pixels inside the propagated unknown region, and its area against each frame's own."""
    inside, area = [], []
    inner = all_found[1:-1]
    for found in inner:
        alpha, unknown = take.alphas[found.frame], found.trimap == UNKNOWN
        mixed = (alpha > MIXED[0]) & (alpha < MIXED[1])
        inside.append(unknown[mixed].mean())
        area.append(unknown.sum() / (take.trimaps[found.frame] == UNKNOWN).sum())
    confidence = np.mean([found.confidence for found in inner])
    return f"{take.name} | {np.mean(inside):.1%} | {np.mean(area):.2f}x | {confidence:.2f} | {seconds:.2f} s"


def mattes(take: Take, found: list[Propagated], model: str) -> str:
    """Sum of absolute differences over whole frames, in thousands, with each frame's own trimap and with propagated."""
    made = Take(take.name, take.plates, np.stack([one.trimap for one in found]), take.alphas)
    keys = (found[0].frame, found[-1].frame)
    own, propagated = (
        float(np.abs(network(given, model, keyed) - take.alphas)[1:-1].sum(axis=(1, 2)).mean()) / 1e3
        for given, keyed in ((take, ()), (made, keys))
    )
    return f"{own:.2f} | {propagated:.2f} | {propagated / own:.2f}x"


def overlap(first: Mask, second: Mask) -> float:
    """Intersection over union."""
    return float((first & second).sum() / max((first | second).sum(), 1))


def footage(clip: Clip) -> tuple[float, float]:
    """Mean overlap with the known masks of the first frame's key, propagated and carried along by dense flow.

    The band is drawn around where the carried alpha crosses one half; there, at its middle, the unknown is split.
    """
    band = max(2, round(BAND * clip.frames.shape[2]))
    key = make_trimap(clip.masks[0].astype(np.float32), erode=band, dilate=band)
    grid = Grid.around([key])
    plates = Plates(range(LENGTH + 1), lambda at: clip.frames[at] / np.float32(255), grid)
    looks, tracker = Looks({0: key}, plates, grid), Tracker(plates.small(0), key, grid)
    carried, before = clip.masks[0].astype(np.float32), _grey(clip, 0)
    ours, by_flow = [], []
    for at in range(1, LENGTH + 1):
        alpha = grid.enlarge(tracker.step(plates.small(at), looks.of(at)).labels[0])
        now = _grey(clip, at)
        carried, before = fetched(carried, flow(now, before)), now
        if at in clip.masks:
            ours.append(overlap(alpha > 0.5, clip.masks[at]))
            by_flow.append(overlap(carried > 0.5, clip.masks[at]))
    return float(np.mean(ours)), float(np.mean(by_flow))


def _grey(clip: Clip, at: int) -> NDArray[np.uint8]:
    return grey(clip.frames[at] / np.float32(255))


def on_footage(folder: Path) -> None:
    """Print the table of the real clips."""
    print("| clip | overlap | by flow | error against flow's |\n|---|---|---|---|")
    rows = []
    for clip in real_clips(folder):
        rows.append(footage(clip))
        ours, by_flow = rows[-1]
        print(f"| {clip.name} | {ours:.3f} | {by_flow:.3f} | {(1 - ours) / (1 - by_flow):.2f}x |", flush=True)
    ours, by_flow = np.mean(rows, axis=0)
    print(f"| mean | {ours:.3f} | {by_flow:.3f} | {(1 - ours) / (1 - by_flow):.2f}x |")


def on_clips(names: list[str], model: str) -> None:
    """Print the table of rendered clips."""
    more = " own SAD | propagated SAD | ratio |" if model else ""
    print(
        f"| clip | mixed | area | confidence | a frame |{more}\n|---|---|---|---|---|{'---|---|---|' if model else ''}"
    )
    for name in names:
        take = make_take(name, "medium")
        found, seconds = between(take)
        row = trimaps(take, found, seconds)
        print(f"| {row} |{f' {mattes(take, found, model)} |' if model else ''}", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="*", default=list(CLIPS), metavar="CLIP")
    parser.add_argument("--matte", action="store_true", help="matte with both kinds of trimaps")
    parser.add_argument("--model", default="lite")
    parser.add_argument("--footage", type=Path)
    options = parser.parse_args()
    unknown = sorted(set(options.clips) - set(CLIPS))
    if unknown:
        parser.error(f"no clip {', '.join(unknown)}; there are {', '.join(CLIPS)}")
    if options.footage:
        on_footage(options.footage)
    else:
        on_clips(options.clips, options.model if options.matte else "")


if __name__ == "__main__":
    main()
