"""Measures from one frame to the next (Erofeev et al., BMVC 2015), over the unknown pixels of the first."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dvm_core.metrics.image import Image, Mask

_SMALLEST_FLOW_SIDE = 16


@dataclass(frozen=True)
class MeasuredFrame:
    """One frame of a clip.

    Attributes:
        pred: (H, W) alpha in [0, 1].
        truth: (H, W), likewise.
        unknown: (H, W) mask of the pixels that count.
    """

    pred: Image
    truth: Image
    unknown: Mask


def dtssd(previous: MeasuredFrame, now: MeasuredFrame) -> float:
    """Root of the sum of squared differences between the changes from one frame to the next: flicker."""
    difference = (now.pred - previous.pred) - (now.truth - previous.truth)
    return float(np.sqrt(np.square(difference)[previous.unknown].sum()))


def messddt(previous: MeasuredFrame, now: MeasuredFrame) -> float:
    """Sum of the changes of the squared error along the motion of the true alpha.

    Motion is dense inverse search (Kroeger et al., ECCV 2016) on the true alphas at 8 bit. The later error is sampled
    bilinearly; a pixel that leaves the picture is compared with the nearest one inside.
    """
    height, width = previous.truth.shape
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    motion = _flow(previous.truth, now.truth)
    sampled = _sample(np.square(now.pred - now.truth), columns + motion[..., 0], rows + motion[..., 1])
    change = np.square(previous.pred - previous.truth) - sampled
    return float(np.abs(change)[previous.unknown].sum())


def _flow(first: Image, second: Image) -> NDArray[np.float32]:
    height, width = first.shape
    # The search refuses pictures smaller than its patches; repeated borders add no motion of their own.
    grow = (0, max(0, _SMALLEST_FLOW_SIDE - height), 0, max(0, _SMALLEST_FLOW_SIDE - width))
    pair = [
        cv2.copyMakeBorder(np.rint(image * 255).astype(np.uint8), *grow, cv2.BORDER_REPLICATE)
        for image in (first, second)
    ]
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    motion: NDArray[np.float32] = search.calc(pair[0], pair[1], None)
    return motion[:height, :width]


def _sample(image: Image, x: NDArray[np.float32], y: NDArray[np.float32]) -> Image:
    # Written out, because cv2.remap rounds positions to 1/32 pixel and refuses sides above 32767.
    height, width = image.shape
    x, y = np.clip(x, 0, width - 1), np.clip(y, 0, height - 1)
    left, top = x.astype(np.intp), y.astype(np.intp)
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    fx, fy = x - left, y - top
    upper = image[top, left] * (1 - fx) + image[top, right] * fx
    lower = image[bottom, left] * (1 - fx) + image[bottom, right] * fx
    sampled: Image = upper * (1 - fy) + lower * fy
    return sampled
