"""A small clip with hair-like lines, in memory and on disk."""

import cv2
import numpy as np
import pytest

from dvm_core.io.alpha_file import AlphaWriter
from dvm_core.io.header import ImageHeader
from dvm_core.io.trimap_file import TrimapWriter
from dvm_core.trimap.create import make_trimap

FRAMES = (1001, 1002, 1003)
SIZE = (45, 63)


def soft_disc(shift):
    alpha = np.zeros(SIZE, np.float32)
    cv2.circle(alpha, (25 + shift, 22), 12, 1.0, -1)
    cv2.line(alpha, (25 + shift, 22), (60, 3 + shift), 1.0, 1)
    return cv2.GaussianBlur(alpha, (0, 0), 1.2)


@pytest.fixture
def truths():
    return {frame: soft_disc(2 * index) for index, frame in enumerate(FRAMES)}


@pytest.fixture
def trimaps(truths):
    return {frame: make_trimap(alpha, erode=2, dilate=3) for frame, alpha in truths.items()}


@pytest.fixture
def predictions(truths):
    ripple = 0.1 * np.sin(np.arange(SIZE[1], dtype=np.float32))
    return {frame: np.clip(alpha + ripple, 0, 1) for frame, alpha in truths.items()}


@pytest.fixture
def clip(tmp_path, truths, trimaps, predictions):
    """Patterns of prediction, truth and trimap on disk; floats, so that reading gives back what was written."""
    header = ImageHeader.plain(SIZE[1], SIZE[0])
    patterns = [str(tmp_path / name) for name in ("prediction.####.exr", "truth.####.exr", "trimap.####.png")]
    for pattern, alphas in zip(patterns, (predictions, truths), strict=False):
        writer = AlphaWriter(pattern, half=False)
        for frame, alpha in alphas.items():
            writer.write(frame, alpha, header)
    for frame, trimap in trimaps.items():
        TrimapWriter(patterns[2]).write(frame, trimap, header)
    return patterns
