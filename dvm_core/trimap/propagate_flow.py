"""Dense motion between two pictures of the propagation grid."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from dvm_core.trimap.propagate_grid import Map

Grey = NDArray[np.uint8]

_SMALLEST_SIDE = 16  # the search finds nothing in less


def grey(picture: Map) -> Grey:
    """(h, w, 3) in [0, 1] to (h, w) of 0 to 255."""
    return np.asarray(cv2.cvtColor(np.rint(picture * 255).astype(np.uint8), cv2.COLOR_RGB2GRAY))


def flow(target: Grey, source: Grey) -> Map:
    """Dense inverse search (Kroeger et al., ECCV 2016): where each pixel of `target` (h, w) is in `source`.

    Returns:
        (h, w, 2), x and y from the pixel to its place in `source`.
    """
    height, width = target.shape
    grow = (0, max(0, _SMALLEST_SIDE - height), 0, max(0, _SMALLEST_SIDE - width))
    pair = [cv2.copyMakeBorder(picture, *grow, cv2.BORDER_REPLICATE) for picture in (target, source)]
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return np.asarray(search.calc(pair[0], pair[1], None), np.float32)[:height, :width]


def fetched(picture: Map, way: Map) -> Map:
    """A picture (h, w) or (h, w, C) from where `way` (h, w, 2) leads into it; its border goes on outside."""
    height, width = way.shape[:2]
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    x, y = columns + way[..., 0], rows + way[..., 1]
    return np.asarray(cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
