"""The clips: which foreground stands over which background, and how a plate is composed of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.evaluation.pictures import display, linear, read_colour, read_foreground
from benchmarks.evaluation.trimaps import RADII, evaluation_trimap

Image = NDArray[np.float32]

FRAMES = 12
FOREGROUNDS = Path(__file__).parent / "foregrounds"
BACKGROUNDS = Path(__file__).parent / "backgrounds"

COMPOSITION = 1
"""Count up when `compose` or the trimaps change: stored scores are then void."""


@dataclass(frozen=True)
class Clip:
    """A foreground over a background.

    Attributes:
        foreground: Folder of the foreground, also the clip's name.
        background: Folder of the background.
        grain: Factor on the noise of the plate.
        exposure: Factor on the background's light.
    """

    foreground: str
    background: str
    grain: float = 1.0
    exposure: float = 1.0


CLIPS = {
    clip.foreground: clip
    for clip in (
        Clip("long_hair", "street"),
        Clip("short_fur", "lawn"),
        Clip("curls", "walker", grain=1.5),
        Clip("motion_blur", "traffic"),
        Clip("defocus", "wheels", grain=0.7),
        Clip("veil", "ears"),
        Clip("smoke", "crossing", exposure=0.6),
        Clip("foliage_hd", "meadow", grain=0.7),
        Clip("net_hd", "burrow", grain=0.7),
    )
}
"""Every clip, by its name."""

QUICK = ("long_hair", "motion_blur", "smoke")
"""The clips of the short check."""


@dataclass(frozen=True)
class Take:
    """A clip ready to be matted.

    Attributes:
        name: Of the clip.
        plates: (T, H, W, 3) sRGB in [0, 1].
        trimaps: (T, H, W) of 0, 128 and 255.
        alphas: (T, H, W), the truth; None of real pictures.
    """

    name: str
    plates: Image
    trimaps: NDArray[np.uint8]
    alphas: Image | None


def make_take(name: str, width: str, *, frames: int = FRAMES) -> Take:
    """Compose a clip, with trimaps of one of the widths in `RADII`."""
    clip = CLIPS[name]
    plates, alphas = [], []
    for frame in range(frames):
        colour, alpha = read_foreground(FOREGROUNDS / clip.foreground, frame)
        background = linear(read_colour(BACKGROUNDS / clip.background / f"{frame:02d}.webp"))
        seed = np.random.default_rng([len(name), ord(name[0]), frame])
        plates.append(display(grainy(compose(colour, alpha, background * np.float32(clip.exposure)), clip.grain, seed)))
        alphas.append(alpha)
    trimaps = np.stack([evaluation_trimap(alpha, width) for alpha in alphas])
    return Take(name, np.stack(plates), trimaps, np.stack(alphas))


def compose(colour: Image, alpha: Image, background: Image) -> Image:
    """Alpha F + (1 - alpha) B in linear light; the background is brought to the foreground's size first."""
    height, width = alpha.shape
    if background.shape[:2] != (height, width):
        background = cv2.resize(background, (width, height), interpolation=cv2.INTER_CUBIC).clip(0.0)
    return np.asarray(alpha[..., None] * colour + (1 - alpha[..., None]) * background, np.float32)


def grainy(light: Image, amount: float, rng: np.random.Generator) -> Image:
    """Add a sensor's noise: a floor, and a part that grows with the root of the light."""
    sigma = amount * np.sqrt(2e-6 + 1.2e-4 * np.maximum(light, 0.0))
    return np.asarray(light + sigma * rng.standard_normal(light.shape, dtype=np.float32), np.float32)


def fingerprint(name: str, width: str, frames: int = FRAMES) -> str:
    """Changes with anything that a model is shown of a clip: stored scores hold for one fingerprint."""
    clip = CLIPS[name]
    digest = hashlib.sha256(repr((clip, RADII[width], frames, COMPOSITION)).encode())
    for frame in range(frames):
        for path in (
            FOREGROUNDS / clip.foreground / f"{frame:02d}.colour.webp",
            FOREGROUNDS / clip.foreground / f"{frame:02d}.alpha.webp",
            BACKGROUNDS / clip.background / f"{frame:02d}.webp",
        ):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
