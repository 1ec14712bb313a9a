"""What mattes a clip: networks through the pipeline that users have, and peers on the same plates and trimaps."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.evaluation.clips import Take
from dvm_core.model.classical import pymatting
from dvm_core.model.network import MattingNetwork
from dvm_core.pipeline.keys import ShotKeys
from dvm_core.pipeline.session import MattingSession

Alphas = NDArray[np.float32]
Matte = Callable[[Take], Alphas]

PEERS = ("closed-form", "knn", "rvm")
SINGLE = "-single"
"""Ends the name of a network whose neighbours are switched off."""


def matter(name: str, rvm: Path | None = None) -> Matte:
    """What mattes with a model.

    Args:
        name: A shipped model or a weight file, with `-single` at its end to switch the neighbours off; `closed-form`;
            `knn`; `rvm`.
        rvm: The ONNX file of Robust Video Matting, which `rvm` needs.
    """
    if name == "knn":
        return knn
    if name == "rvm":
        if rvm is None:
            raise SystemExit("Name the ONNX file of Robust Video Matting with --rvm FILE.")
        return lambda take: robust_video_matting(take, rvm)
    return lambda take: network(take, name)


def network(take: Take, name: str, keyed: Sequence[int] = ()) -> Alphas:
    """Matte with one of this project's models.

    Args:
        take: The clip.
        name: Of the model, with `-single` or without.
        keyed: Frames that the other trimaps were propagated from.
    """
    alone = name.endswith(SINGLE)
    with MattingSession(model=name.removesuffix(SINGLE), device="cpu") as session:
        if alone:
            forget_neighbours(session.model)
        keys = ShotKeys(keyed)
        known = {key: session.known_colours(take.plates[key], take.trimaps[key]) for key in keyed}
        mattes = []
        for at, (plate, trimap) in enumerate(zip(take.plates, take.trimaps, strict=True)):
            mattes += session.push(plate, trimap, keys=keys.tell(at, known.__getitem__))
        mattes += session.finish()
    return np.stack([matte.alpha for matte in mattes])


def forget_neighbours(model: MattingNetwork) -> None:
    """Give every window the frame itself in place of its neighbours, as training does for a share of its steps."""
    context, past = model.context, model.window.past
    model.context = lambda window, unknown: context([window[past]] * len(window), unknown)  # type: ignore[method-assign]


def knn(take: Take) -> Alphas:
    """PyMatting's KNN matting, frame by frame."""
    alphas = []
    for plate, trimap in zip(take.plates, take.trimaps, strict=True):
        given = np.where(trimap == 128, 0.5, trimap / 255.0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            alphas.append(pymatting().estimate_alpha_knn(plate.astype(np.float64), given))
    return known(np.stack(alphas).astype(np.float32), take.trimaps)


def robust_video_matting(take: Take, weights: Path) -> Alphas:
    """Robust Video Matting, in a process of its own; it finds people by itself, and is told the known pixels after."""
    with tempfile.TemporaryDirectory() as folder:
        plates, alphas = Path(folder) / "plates.npy", Path(folder) / "alphas.npy"
        np.save(plates, take.plates)
        subprocess.run(
            [sys.executable, str(Path(__file__).parent / "rvm_peer.py"), weights, plates, alphas], check=True
        )
        return known(np.load(alphas), take.trimaps)


def known(alphas: Alphas, trimaps: NDArray[np.uint8]) -> Alphas:
    """Set what the trimap knows."""
    return np.where(trimaps == 128, alphas.clip(0.0, 1.0), trimaps / np.float32(255.0)).astype(np.float32)


def timed(matte: Matte, take: Take) -> tuple[Alphas, float]:
    """Alphas, and seconds a frame."""
    start = time.perf_counter()
    alphas = matte(take)
    return alphas, (time.perf_counter() - start) / len(take.plates)
