"""Green-screen plates with exact alpha and clean colour, for a keyer to be measured on.

    python -m benchmarks.evaluation.greenscreen FOLDER

Writes FOLDER/CLIP/{plate,alpha,foreground}.NNNN.png (16 bits; sRGB, straight) and prints what a plain chroma-difference
key reaches on them, over whole frames. The card is lit unevenly and throws its light on what stands before it.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.evaluation.clips import CLIPS, FOREGROUNDS, FRAMES, compose, grainy
from benchmarks.evaluation.pictures import display, read_foreground

Image = NDArray[np.float32]

KEYED = ("long_hair", "curls", "short_fur", "motion_blur")
"""Foregrounds without green of their own."""

CARD = np.float32([0.045, 0.40, 0.085])
"""Scene-linear light of the card where it is lit fully."""

SPILL = 0.35
"""Light of the card on the foreground's outermost edge, as a part of the key light."""

NEAR = 0.03
"""How far in from the edge the card's light reaches, as a part of the width."""


@dataclass(frozen=True)
class GreenFrame:
    """A frame before a green card.

    Attributes:
        plate: (H, W, 3) scene-linear.
        alpha: (H, W), the truth.
        foreground: (H, W, 3) straight scene-linear colour without the card's light.
    """

    plate: Image
    alpha: Image
    foreground: Image


def green_frame(name: str, frame: int) -> GreenFrame:
    """One frame of a foreground before the card."""
    colour, alpha = read_foreground(FOREGROUNDS / CLIPS[name].foreground, frame)
    rng = np.random.default_rng([7, len(name), frame])
    plate = compose(spilled(colour, alpha), alpha, card(alpha.shape))
    return GreenFrame(grainy(plate, 1.0, rng), alpha, colour)


def card(size: tuple[int, ...]) -> Image:
    """The card (H, W, 3): brighter in one place, with soft folds."""
    y, x = (axis.astype(np.float32) / size[1] for axis in np.mgrid[: size[0], : size[1]])
    light = 0.7 + 0.35 * np.exp(-((x - 0.35) ** 2 + (y - 0.2) ** 2) / 0.15) + 0.03 * np.sin(21.0 * x + 4.0 * y)
    return np.asarray(light[..., None] * CARD, np.float32)


def spilled(colour: Image, alpha: Image) -> Image:
    """Foreground colour with the card's light on it, more of it the nearer the card is seen."""
    near = cv2.GaussianBlur(1.0 - alpha, (0, 0), NEAR * alpha.shape[1])
    return np.asarray(colour * (1.0 + SPILL * near[..., None] * CARD / CARD.max()), np.float32)


def chroma_difference(plate: Image, screen: Image) -> Image:
    """The plain key: what green has above the stronger of red and blue, as a part of what the screen has.

    Args:
        plate: (H, W, 3) scene-linear.
        screen: (3,) or (H, W, 3) screen colour.

    Returns:
        Alpha (H, W) in [0, 1].
    """
    excess = plate[..., 1] - plate[..., ::2].max(axis=-1)
    full = screen[..., 1] - screen[..., ::2].max(axis=-1)
    return np.asarray(1.0 - np.clip(excess / full, 0.0, 1.0), np.float32)


def main() -> None:
    """Write the clips and score the plain key."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    print("| clip | SAD of the plain key, thousands a frame |\n|---|---|")
    for name in KEYED:
        errors = []
        for frame in range(FRAMES):
            made = green_frame(name, frame)
            write(options.folder / name, frame, made)
            screen = np.median(made.plate[made.alpha == 0], axis=0)  # one colour, as one is picked by hand
            errors.append(float(np.abs(chroma_difference(made.plate, screen) - made.alpha).sum() / 1000))
        print(f"| {name} | {np.mean(errors):.3f} |", flush=True)


def write(folder: Path, frame: int, made: GreenFrame) -> None:
    """Keep plate, alpha and clean colour."""
    folder.mkdir(parents=True, exist_ok=True)
    for what, picture in (("plate", made.plate), ("foreground", made.foreground)):
        save(folder / f"{what}.{frame:04d}.png", display(picture)[..., ::-1])
    save(folder / f"alpha.{frame:04d}.png", made.alpha)


def save(path: Path, picture: Image) -> None:
    """Write values in [0, 1] with 16 bits."""
    cv2.imwrite(str(path), np.round(picture * 65535.0).astype(np.uint16))


if __name__ == "__main__":
    main()
