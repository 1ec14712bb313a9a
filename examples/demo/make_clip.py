"""Render the demo clip: plates, trimaps and the exact alpha of a moving creature before a moving camera.

Every frame averages several moments of its open shutter at three times the picture's size, so that alpha is true
coverage, motion blur included. Composited in linear light; grain is the plate's only, as a camera's would be.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from background import Wood
from creature import SUPERSAMPLE, Creature
from numpy.typing import NDArray

from dvm_core.io.alpha_file import AlphaWriter
from dvm_core.io.header import ImageHeader
from dvm_core.io.output import spec_of, write_image
from dvm_core.io.sequence import output_path
from dvm_core.io.trimap_file import TrimapWriter
from dvm_core.trimap.create import make_trimap

Image = NDArray[np.float32]

FIRST, COUNT, SIZE = 1001, 24, (540, 960)
SHUTTER, MOMENTS = 0.5, 7  # 180 degrees, sampled evenly
ERODE, DILATE = 4, 5
_SEED = 1895


@dataclass(frozen=True)
class Clip:
    """Path patterns of a rendered clip.

    Attributes:
        plate: Scene-linear RGB half EXR.
        trimap: 8-bit PNG.
        truth: The exact alpha, half EXR.
        frames: Numbers of its frames.
        size: Height and width in pixels.
    """

    plate: str
    trimap: str
    truth: str
    frames: tuple[int, ...]
    size: tuple[int, int]


def make_clip(
    folder: Path,
    count: int = COUNT,
    shrink: int = 1,
    advance: Callable[[int, int], None] = lambda done, total: None,
) -> Clip:
    """Render the clip into `folder`.

    Args:
        folder: Made if it is not there.
        count: Frames.
        shrink: Divisor of the picture's sides, for a smaller clip of the same scene.
        advance: Told the frames done and the frames in all.
    """
    clip = Clip(
        plate=str(folder / "plate" / "plate.####.exr"),
        trimap=str(folder / "trimap" / "trimap.####.png"),
        truth=str(folder / "truth" / "truth.####.exr"),
        frames=tuple(range(FIRST, FIRST + count)),
        size=(SIZE[0] // shrink, SIZE[1] // shrink),
    )
    creature, wood = Creature(np.random.default_rng(_SEED)), Wood(np.random.default_rng(_SEED + 1), SIZE)
    header = ImageHeader.plain(clip.size[1], clip.size[0])
    truths, trimaps = AlphaWriter(clip.truth), TrimapWriter(clip.trimap)
    for index, frame in enumerate(clip.frames):
        plate, alpha = render(creature, wood, index, clip.size)
        write_image(output_path(clip.plate, frame), spec_of(header, header.data, ("R", "G", "B"), "half"), plate)
        truths.write(frame, alpha, header)
        trimaps.write(frame, make_trimap(alpha, erode=ERODE, dilate=DILATE), header)
        advance(index + 1, count)
    return clip


def render(creature: Creature, wood: Wood, index: int, size: tuple[int, int]) -> tuple[Image, Image]:
    """One frame.

    Args:
        creature: What is in front.
        wood: What is behind.
        index: Frame, counted from 0.
        size: Height and width in pixels.

    Returns:
        Scene-linear plate (H, W, 3) with grain, and its exact alpha (H, W).
    """
    exposed = np.zeros((SIZE[0] * SUPERSAMPLE, SIZE[1] * SUPERSAMPLE, 4), np.uint16)
    behind = np.zeros((*SIZE, 3), np.float32)
    for moment in index + SHUTTER * ((np.arange(MOMENTS) + 0.5) / MOMENTS - 0.5):
        cv2.add(exposed, creature.draw(float(moment), SIZE), dst=exposed, dtype=cv2.CV_16U)
        behind += wood.draw(float(moment)) / MOMENTS
    # Eight bits are enough for one moment's coverage of a ninth of a pixel, not for the mean of them all.
    hero = cv2.resize(exposed.astype(np.float32), size[::-1], interpolation=cv2.INTER_AREA) / (255 * MOMENTS)
    behind = cv2.resize(behind, size[::-1], interpolation=cv2.INTER_AREA)
    alpha = np.clip(hero[..., 3], 0, 1)
    plate = hero[..., :3] + (1 - alpha[..., None]) * behind
    return _grain(plate, np.random.default_rng((_SEED, index))), alpha


def _grain(plate: Image, rng: np.random.Generator) -> Image:
    """Sensor noise: grows with the light, and never quite leaves the blacks."""
    noise = cv2.GaussianBlur(rng.standard_normal(plate.shape, dtype=np.float32), (0, 0), 0.55) * 1.5
    return plate + noise * np.sqrt(0.00022 * np.maximum(plate, 0) + 1.2e-6)
