"""Render the evaluation's foregrounds; runs in Blender's Python.

    .venv-blender-5.0/bin/python -m benchmarks.evaluation.render FOLDER [--only CLIP ...]

Writes FOLDER/CLIP/NNNN.npz, (H, W, 4) half floats, premultiplied light and alpha, and leaves alone what is there.
`pack.py` turns them into what the repository keeps. About twelve processor minutes for all.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.evaluation import assets
from rendering import stage

FRAMES = 12
HD = (1920, 1080)


@dataclass(frozen=True)
class Shot:
    """How a foreground is rendered.

    Attributes:
        build: Puts the scene together at a time in frames.
        size: Width and height.
        samples: Paths a pixel.
        half_width: Of the picture at the origin, in scene units.
    """

    build: assets.Build
    size: tuple[int, int] = (640, 360)
    samples: int = 48
    half_width: float = 1.9


SHOTS = {
    "long_hair": Shot(assets.long_hair, samples=20, half_width=2.5),
    "short_fur": Shot(assets.short_fur, samples=20),
    "motion_blur": Shot(assets.motion_blur, samples=32, half_width=1.8),
    "smoke": Shot(assets.smoke, samples=8, half_width=1.75),
    "curls": Shot(assets.curls, samples=20, half_width=1.7),
    "veil": Shot(assets.veil, samples=16, half_width=1.6),
    "defocus": Shot(assets.defocus, samples=20, half_width=2.0),
    "foliage_hd": Shot(assets.foliage, size=HD, samples=6, half_width=2.0),
    "net_hd": Shot(assets.net, size=HD, samples=6, half_width=1.75),
}
"""Every clip's foreground, by the clip's name."""


def picture(shot: Shot, frame: int, *, threads: int, scale: float = 1.0) -> np.ndarray:
    """One frame, (H, W, 4) float32 premultiplied."""
    size = (round(shot.size[0] * scale), round(shot.size[1] * scale))
    scene = stage.empty(size=size, samples=shot.samples, seed=frame, threads=threads, bounces=0)
    scene.cycles.volume_step_rate = 2.0
    stage.camera(scene, half_width=shot.half_width)
    shot.build(scene, frame)
    return stage.picture(scene)


def main() -> None:
    """Render what is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="+", choices=list(SHOTS), default=list(SHOTS))
    parser.add_argument("--frames", type=int, nargs="+", default=list(range(FRAMES)))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--scale", type=float, default=1.0, help="smaller pictures, to look at a scene quickly")
    options = parser.parse_args()
    for name in options.only:
        (options.folder / name).mkdir(parents=True, exist_ok=True)
        for frame in options.frames:
            path = options.folder / name / f"{frame:04d}.npz"
            if path.exists():
                continue
            start = time.monotonic()
            rendered = picture(SHOTS[name], frame, threads=options.threads, scale=options.scale)
            partial = path.with_suffix(".partial.npz")
            np.savez_compressed(partial, picture=rendered.astype(np.float16))
            partial.replace(path)
            print(f"{name} {frame}: {time.monotonic() - start:.1f} s", flush=True)


if __name__ == "__main__":
    main()
