"""Dense motion between two pictures, and what lies where it leads."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

_SMALLEST_SIDE = 16  # the search refuses pictures smaller than its patches


def grey(picture: Floats) -> Bytes:
    """What the search looks at: (H, W, 3) display-referred in [0, 1] to (H, W) of 0 to 255."""
    return np.asarray(cv2.cvtColor(np.rint(picture * 255).astype(np.uint8), cv2.COLOR_RGB2GRAY))


def flow(target: Bytes, source: Bytes, *, finest: bool = False) -> Floats:
    """Dense inverse search (Kroeger et al., ECCV 2016): where each pixel of `target` is in `source`.

    Args:
        target: (H, W) of 0 to 255. Small pictures are continued at their borders, which adds no motion of its own.
        source: (H, W), likewise.
        finest: Search down to single pixels, for four times the time, instead of to half the size.

    Returns:
        (H, W, 2), x and y from the pixel to its place in `source`.
    """
    height, width = target.shape
    grow = (0, max(0, _SMALLEST_SIDE - height), 0, max(0, _SMALLEST_SIDE - width))
    pair = [cv2.copyMakeBorder(picture, *grow, cv2.BORDER_REPLICATE) for picture in (target, source)]
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    if finest:
        search.setFinestScale(0)
    return np.asarray(search.calc(pair[0], pair[1], None), np.float32)[:height, :width]


def fetched(picture: Floats, way: Floats, *, top: int = 0) -> Floats:
    """A picture from where the flow of some rows leads into it; its border goes on outside.

    Args:
        picture: (H, W) or (H, W, C), at most 32767 pixels wide and high.
        way: (h, W, 2), as of `flow`.
        top: The row of the picture that the first row of `way` is.

    Returns:
        (h, W) or (h, W, C), bilinear between positions rounded to 1/32 pixel.
    """
    height, width = way.shape[:2]
    x = np.arange(width, dtype=np.float32)[None] + way[..., 0]
    y = np.arange(top, top + height, dtype=np.float32)[:, None] + way[..., 1]
    return np.asarray(cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
