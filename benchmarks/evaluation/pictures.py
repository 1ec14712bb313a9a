"""Foregrounds and backgrounds as the repository keeps them: WebP, alpha without loss, colour nearly so.

A clip's truth is what is stored: the plate is composed from the very alpha that mattes are compared with.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]

COLOUR_QUALITY = 88
LOSSLESS = 101
"""What OpenCV takes for a WebP file without loss."""


def write_foreground(folder: Path, frame: int, picture: NDArray[np.uint8]) -> None:
    """Keep (H, W, 4) straight sRGB and alpha as two files."""
    folder.mkdir(parents=True, exist_ok=True)
    write_colour(folder / f"{frame:02d}.colour.webp", picture[..., :3])
    cv2.imwrite(str(folder / f"{frame:02d}.alpha.webp"), picture[..., 3], [cv2.IMWRITE_WEBP_QUALITY, LOSSLESS])


def read_foreground(folder: Path, frame: int) -> tuple[Image, Image]:
    """Straight scene-linear colour (H, W, 3) and alpha (H, W) in [0, 1]."""
    return linear(read_colour(folder / f"{frame:02d}.colour.webp")), read_alpha(folder / f"{frame:02d}.alpha.webp")


def write_colour(path: Path, picture: NDArray[np.uint8]) -> None:
    """Keep (H, W, 3) sRGB."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), picture[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, COLOUR_QUALITY])


def read_colour(path: Path) -> Image:
    """(H, W, 3) sRGB in [0, 1]."""
    return np.asarray(_read(path, cv2.IMREAD_COLOR)[..., ::-1] / np.float32(255.0), np.float32)


def read_alpha(path: Path) -> Image:
    """(H, W) in [0, 1]."""
    return np.asarray(_read(path, cv2.IMREAD_GRAYSCALE) / np.float32(255.0), np.float32)


def linear(display: Image) -> Image:
    """SRGB to scene-linear light."""
    return np.where(display <= 0.04045, display / 12.92, ((display + 0.055) / 1.055) ** 2.4).astype(np.float32)


def display(light: Image) -> Image:
    """Scene-linear light to sRGB, clipped to [0, 1]."""
    light = light.clip(0.0, 1.0)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055).astype(np.float32)


def _read(path: Path, flag: int) -> NDArray[np.uint8]:
    picture = cv2.imread(str(path), flag)
    if picture is None:
        raise FileNotFoundError(f"Expected a picture of the evaluation, found none that can be read: {path}")
    return np.asarray(picture, np.uint8)
