"""A trimap from what compositors already have: a rough matte, a roto shape, a key, or a mask."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from dvm_core.bridge.errors import InputError, UsageError
from dvm_core.io.trimap_file import BACKGROUND, FOREGROUND, UNKNOWN, trimap_of
from dvm_core.ops.cupy_arrays import is_cupy


def make_trimap(matte: NDArray[np.float32], *, erode: int, dilate: int) -> NDArray[np.uint8]:
    """Widen the edge of a matte into an unknown region.

    The matte's soft values (more than 0.05 away from both 0 and 1) are always unknown. Around them, and along hard
    edges, foreground within `erode` pixels of anything less and background within `dilate` pixels of anything more
    become unknown too, as by morphology with a disc of that radius. An object that is cut by the picture's border
    is not eroded from there.

    Args:
        matte: (H, W) rough alpha in [0, 1]; values beyond (a key's overshoot) count as solid. An array of CuPy's is
            worked on its GPU, and gives one of CuPy's.
        erode: Pixels that the sure foreground shrinks by, 0 or more.
        dilate: Pixels that the sure background shrinks by, 0 or more.

    Returns:
        (H, W) uint8 of `BACKGROUND`, `UNKNOWN` and `FOREGROUND` (0, 128 and 255).

    Raises:
        UsageError: if `erode` or `dilate` is negative.
        InputError: if the matte is not one channel, or holds NaN.
    """
    if erode < 0 or dilate < 0:
        raise UsageError(
            f"Erode and dilate are radii of 0 pixels or more, found {erode} and {dilate}; both widen the unknown band."
        )
    matte = matte if is_cupy(matte) else np.asarray(matte)
    if matte.ndim != 2:
        raise InputError(f"A trimap is made from one channel (H, W), found an array of shape {matte.shape}.")
    if np.isnan(matte).any():
        raise InputError("A trimap needs a matte with numbers, found NaN; write the matte again or fill its holes.")
    # Soft by the same tolerance that trimap files are read with: a key is seldom exactly 0 or 1.
    solid = trimap_of(matte)
    trimap = np.full_like(matte, UNKNOWN, dtype=np.uint8)
    trimap[_shrink(solid == FOREGROUND, erode)] = FOREGROUND
    trimap[_shrink(solid == BACKGROUND, dilate)] = BACKGROUND
    return trimap


def _shrink(region: NDArray[np.bool_], radius: int) -> NDArray[np.bool_]:
    # A distance transform costs the same for any radius, where morphology with a disc grows with its area.
    if radius == 0 or region.all():
        return region
    if is_cupy(region):
        from cupyx.scipy.ndimage import distance_transform_edt

        distance = distance_transform_edt(region)
    else:
        distance = cv2.distanceTransform(region.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    # Distances are square roots of whole numbers in float32, so half a step above the radius decides exactly.
    shrunk: NDArray[np.bool_] = distance > np.sqrt(radius * radius + 0.5)
    return shrunk
