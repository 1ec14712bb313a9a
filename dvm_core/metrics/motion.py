"""Measures from one frame to the next (Erofeev et al., BMVC 2015), over the unknown pixels of the first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dvm_core.dense_flow import flow
from dvm_core.metrics.image import Image, Mask


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

    Motion is dense inverse search (`dense_flow.flow`) on the true alphas at 8 bit. The later error is sampled
    bilinearly; a pixel that leaves the picture is compared with the nearest one inside.
    """
    height, width = previous.truth.shape
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    motion = flow(*(np.rint(truth * 255).astype(np.uint8) for truth in (previous.truth, now.truth)))
    sampled = _sample(np.square(now.pred - now.truth), columns + motion[..., 0], rows + motion[..., 1])
    change = np.square(previous.pred - previous.truth) - sampled
    return float(np.abs(change)[previous.unknown].sum())


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
