"""Score models on the takes that no training sees: the table of docs/MODELS.md.

    python benchmarks/validation.py lite lite-single closed-form

`lite-single` is `lite` without its neighbours. Takes are procedural, 5 frames of 256x256, trimaps dilated by 10 pixels;
the pictures that they are composed of are made first, in a minute or two.
"""

from __future__ import annotations

import argparse
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from dvm_core.metrics import evaluate
from dvm_core.model import load
from dvm_core.model.cues import network_input
from dvm_core.training.library import make_library
from dvm_core.training.synthetic import Take
from dvm_core.training.validation import VALIDATION_SEED, known_from_trimap, make_validation

FRAMES, SIZE, PICTURES = 5, 256, 96
COLUMNS = ("mae", "mse", "sad", "grad", "dtssd", "messddt")

Alphas = NDArray[np.float32]
Matte = Callable[[Take], Alphas]


def classical(name: str) -> Matte:
    """A model that sees one frame at a time through `.alpha`."""
    model = load(name)

    def matte(take: Take) -> Alphas:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.stack([model.alpha(*frame) for frame in zip(take.plates, take.trimaps, strict=True)])

    return matte


def lite(name: str, *, window: bool) -> Matte:
    """A network of the `lite` family, with its neighbours or without; a shot's ends repeat."""
    network = load(name)

    @torch.no_grad()
    def matte(take: Take) -> Alphas:
        frames = torch.from_numpy(
            np.stack([network_input(*frame) for frame in zip(take.plates, take.trimaps, strict=True)])
        )
        last = len(frames) - 1
        windows = [[max(at - 1, 0), at, min(at + 1, last)] for at in range(last + 1)]
        answers = [
            network.forward_window(frames[None, w]) if window else network(frames[w[1] : w[1] + 1]) for w in windows
        ]
        alphas = torch.cat(answers)[:, 0].numpy()
        return np.stack([known_from_trimap(*frame) for frame in zip(alphas, take.trimaps, strict=True)])

    return matte


def matters(names: list[str]) -> Iterator[tuple[str, Matte]]:
    """Each name with what mattes a take."""
    for name in names:
        if name in ("closed-form", "knn"):
            yield name, classical(name)
        else:
            yield name, lite(name.removesuffix("-single"), window=not name.endswith("-single"))


def scores(matte: Matte, takes: list[Take]) -> dict[str, float]:
    """Means over the takes; `mae` and `mse` are means over unknown pixels, the rest as `metrics.evaluate` has them."""
    rows = []
    for take in takes:
        alphas = matte(take)
        measured = {key: float(np.mean(values)) for key, values in evaluate(alphas, take.alphas, take.trimaps).items()}
        error = np.abs(alphas - take.alphas)[take.trimaps == 128]
        rows.append({**measured, "mae": float(error.mean()), "mse": float((error**2).mean())})
    return {key: float(np.mean([row[key] for row in rows])) for key in COLUMNS}


def main() -> None:
    """Make the takes, run the models, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", help="shipped names or weight files; -single: without neighbours")
    parser.add_argument("--takes", type=int, default=48)
    parser.add_argument("--pictures", type=Path, help="folder to keep the pictures in")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.pictures or Path(scratch)
        library = make_library(folder, foregrounds=PICTURES, backgrounds=PICTURES, seed=VALIDATION_SEED)
        takes = make_validation(library, takes=options.takes, size=SIZE, frames=FRAMES)
    takes = [take for take in takes if all((trimap == 128).any() for trimap in take.trimaps)]
    print("| model | " + " | ".join(COLUMNS) + " |")
    print("|---" * (len(COLUMNS) + 1) + "|")
    for name, matte in matters(options.models):
        found = scores(matte, takes)
        print(f"| {name} | " + " | ".join(f"{found[key]:.4f}" for key in COLUMNS) + " |", flush=True)


if __name__ == "__main__":
    main()
