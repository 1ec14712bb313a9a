"""The README's picture, from what `make demo` left: plate, trimap, alpha and comp of one frame, side by side."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from run import backdrop, linear

from dvm_core.io.matte_file import read_channel
from dvm_core.io.plate import PlateReader
from dvm_core.io.trimap_file import TrimapReader
from dvm_core.review.comp import display_bytes, over, unit_bytes
from dvm_core.review.preview import write_png

WIDTH, GAP = 360, 8  # of each of the four pictures, and between them, in pixels
ASPECT = 4 / 3  # the sides, where nothing happens, are cut off

Bytes = NDArray[np.uint8]


def main(demo: Path, out: Path, model: str = "lite") -> None:
    """Write the picture of the clip's middle frame.

    Args:
        demo: The demo's folder.
        out: PNG to write; its folder is made.
        model: Whose alpha is shown.
    """
    plates = PlateReader(str(demo / "clip" / "plate" / "plate.####.exr"), keep_linear=True)
    trimaps = TrimapReader(str(demo / "clip" / "trimap" / "trimap.####.png"))
    foregrounds = PlateReader(str(demo / model / "foreground.####.exr"), keep_linear=True)
    frame = plates.frames[len(plates.frames) // 2]
    alpha = read_channel(demo / model / f"alpha.{frame}.exr")
    comp = over(linear(foregrounds, frame), alpha, backdrop(alpha.shape))
    cells = [display_bytes(linear(plates, frame)), trimaps.read(frame), unit_bytes(alpha), display_bytes(comp)]
    out.parent.mkdir(parents=True, exist_ok=True)
    write_png(out, side_by_side(cells))


def side_by_side(pictures: list[Bytes]) -> Bytes:
    """Pictures of one size, (H, W) or (H, W, 3) sRGB, cut to `ASPECT` about their middle, in a row on white."""
    height = pictures[0].shape[0]
    width = round(height * ASPECT)
    left = (pictures[0].shape[1] - width) // 2
    cells = []
    for picture in pictures:
        colour = np.broadcast_to(np.atleast_3d(picture), (*picture.shape[:2], 3))
        middle = np.ascontiguousarray(colour[:, left : left + width])
        small = cv2.resize(middle, (WIDTH, round(WIDTH / ASPECT)), interpolation=cv2.INTER_AREA)
        cells.append(np.pad(small, ((0, 0), (0, GAP), (0, 0)), constant_values=255))
    row: Bytes = np.concatenate(cells, axis=1)[:, :-GAP]
    return row


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "demo"), Path(__file__).parents[2] / "docs" / "images" / "demo.png")
