"""Frames that never touch a disk: push them into a session as they come, take out the mattes that became final.

    python examples/streaming.py

Right: one session for a shot, and `finish` after its last frame. Wrong: a session for each frame, which sees no motion.
"""

import sys
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

import dvm_core as dvm


def camera(count: int = 5) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Stands for your source: plates (H, W, 3), display-referred in [0, 1], and trimaps (H, W) of 0, 0.5 and 1."""
    y, x = np.mgrid[:128, :192].astype(np.float32)
    for frame in range(count):
        distance = np.hypot(x - 80 - 8 * frame, y - 64)
        cover = np.clip((40 - distance) / 6 + 0.5, 0, 1)[..., None]
        plate = cover * np.array([0.9, 0.5, 0.2]) + (1 - cover) * np.array([0.1, 0.3, 0.5])
        trimap = np.where(distance < 34, 1.0, np.where(distance > 46, 0.0, 0.5))
        yield plate.astype(np.float32), trimap.astype(np.float32)


def main(model: str = "lite") -> None:
    """Matte a stream."""
    with dvm.MattingSession(model=model) as session:
        for plate, trimap in camera():
            for matte in session.push(plate, trimap):
                report(matte)
        for matte in session.finish():
            report(matte)


def report(matte: dvm.Matte) -> None:
    """Stands for whatever you do with a finished alpha (H, W)."""
    print(f"frame {matte.frame}: {matte.alpha.mean():.1%} of the picture covered")


if __name__ == "__main__":
    main(*sys.argv[1:])
