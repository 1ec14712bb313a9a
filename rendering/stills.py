"""Render foregrounds to train on: square stills with exact alpha, each from its number and the seed alone.

    .venv-blender-5.0/bin/python -m rendering.stills FOLDER --count 120 --seed 0

Writes FOLDER/0000.png and so on (straight sRGB and alpha, 8 bits) and leaves alone what is there. About eight seconds a
still on one core.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Sequence
from pathlib import Path

import bpy
import numpy as np
from mathutils import Euler, Matrix, Vector

from rendering import stage, subjects
from rendering.materials import Rng, hue
from rendering.straight import straight

EFFORT = {"smoke": 0.5, "flyaways": 3.0}
"""Samples of a kind, as a factor: few where rays are dear and alpha has no noise, many where few rays meet a strand."""


def still(
    number: int, *, seed: int, size: int, samples: int, threads: int, kinds: Sequence[str]
) -> tuple[str, np.ndarray]:
    """Set up and render one still.

    Args:
        number: Of the still; kinds follow one another evenly mixed.
        seed: Another seed gives other stills.
        size: Height and width in pixels.
        samples: Paths a pixel.
        threads: CPU threads.
        kinds: Subjects to choose from, by their shares.

    Returns:
        The subject's kind, and (size, size, 4) uint8 straight sRGB and alpha.
    """
    rng = np.random.default_rng([seed, number])
    kind = _kind(number, seed, kinds)
    samples = round(samples * EFFORT.get(kind, 1.0))
    scene = stage.empty(size=(size, size), samples=samples, seed=number, threads=threads)
    subjects.KINDS[kind][1](rng)
    eye = stage.camera(
        scene, half_width=rng.uniform(1.0, 1.5), azimuth=rng.uniform(0, 2 * math.pi), height=rng.uniform(-0.4, 0.6)
    )
    _light(scene, rng)
    if rng.random() < 0.22:
        off = rng.uniform(-2.5, 1.5) if rng.random() < 0.6 else 0.0
        stage.focus(eye, distance=stage.DISTANCE + off, f_stop=float(np.exp(rng.uniform(np.log(0.03), np.log(0.3)))))
    if rng.random() < 0.22:
        _move(scene, rng)
    picture = stage.picture(scene)
    return kind, straight(picture, exposure=_exposure(picture, rng))


def _kind(number: int, seed: int, names: Sequence[str]) -> str:
    """The golden ratio's multiples fill the table of shares evenly, however many stills are made."""
    ends = np.cumsum([subjects.KINDS[name][0] for name in names])
    return names[int(np.searchsorted(ends / ends[-1], (0.37 * seed + number * 0.6180339887) % 1.0, side="right"))]


def _light(scene: bpy.types.Scene, rng: Rng) -> None:
    tint = hue(rng, saturation=rng.uniform(0.0, 0.4), value=1.0)
    stage.sky(scene, tint, float(np.exp(rng.uniform(np.log(0.08), np.log(1.2)))))
    for _ in range(int(rng.integers(1, 4))):
        place = rng.normal(size=3)
        place = place / np.linalg.norm(place) * rng.uniform(3.0, 6.0)
        tint = hue(rng, saturation=rng.uniform(0.0, 0.5), value=1.0)
        stage.lamp(scene, place, tint, float(rng.uniform(100, 900)), size=float(rng.uniform(0.3, 4.0)))


def _move(scene: bpy.types.Scene, rng: Rng) -> None:
    far = Vector(rng.normal(0, 0.15, 3))
    turn = Euler(rng.normal(0, 0.2, 3))
    way = Matrix.Translation(far) @ turn.to_matrix().to_4x4()
    stage.shutter(scene, start=way.inverted(), end=way, opening=float(rng.uniform(0.2, 1.0)))


def _exposure(picture: np.ndarray, rng: Rng) -> float:
    """Bring the bright parts near white, or now and then well below: black coats are real, too."""
    alpha = picture[..., 3]
    covered = alpha > 0.05
    if not covered.any():
        return 1.0
    light = picture[covered][:, :3].max(axis=1) / alpha[covered]
    target = rng.uniform(0.5, 1.1) if rng.random() < 0.75 else rng.uniform(0.05, 0.5)
    return float(np.clip(target / max(np.quantile(light, 0.97), 1e-4), 0.2, 8.0))


def main() -> None:
    """Render the stills that are missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=120)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--size", type=int, default=448)
    parser.add_argument("--samples", type=int, default=32)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--kinds", nargs="+", choices=list(subjects.KINDS), default=list(subjects.KINDS))
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for number in range(options.first, options.count):
        path = options.folder / f"{number:04d}.png"
        if path.exists():
            continue
        start = time.monotonic()
        kind, picture = still(
            number,
            seed=options.seed,
            size=options.size,
            samples=options.samples,
            threads=options.threads,
            kinds=options.kinds,
        )
        partial = path.with_suffix(".partial.png")
        stage.write_png(partial, picture)
        partial.replace(path)
        print(f"{path.name} {kind}, {time.monotonic() - start:.1f} s", flush=True)


if __name__ == "__main__":
    main()
