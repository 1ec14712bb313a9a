"""How far an alpha is from the truth, over the unknown region of a trimap.

Image measures after Rhemann et al., *A perceptually motivated online benchmark for image matting* (CVPR 2009): SAD,
MSE, Grad, Conn. Clip measures after Erofeev et al., *Perceptually motivated benchmark for video matting* (BMVC 2015):
SSDA, dtSSD, MESSDdt. All are sums or means over a frame's unknown pixels U, so they depend on resolution and on the
width of the trimap: state both beside every number.

MESSDdt is implemented as its paper means it (each pixel follows its own motion, sampled bilinearly), which the
widely copied evaluation script does not; do not compare it with numbers from there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from dvm_core.bridge.errors import InputError

__all__ = ["NAMES", "ClipErrors", "evaluate"]

NAMES = ("sad", "mse", "grad", "conn", "ssda", "dtssd", "messddt")

_SIGMA = 1.4
_THRESHOLDS = np.arange(0.1, 1.05, 0.1)
_TOLERATED_DROP = 0.15
_SMALLEST_FLOW_SIDE = 16
_ROUNDING = 1e-5

Image = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class _Frame:
    pred: Image
    truth: Image
    unknown: Mask


@dataclass
class ClipErrors:
    """Every measure of a clip that arrives frame by frame, so that a long shot never has to fit into memory.

    Attributes:
        values: One list for each of `NAMES`; `dtssd` and `messddt` have one entry fewer than there were frames.
    """

    values: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in NAMES})
    _previous: _Frame | None = None

    def add(self, pred: ArrayLike, truth: ArrayLike, trimap: ArrayLike) -> None:
        """Measure the next frame.

        Args:
            pred: (H, W) alpha in [0, 1], or unsigned integers over their full range.
            truth: (H, W), likewise.
            trimap: (H, W), likewise; unknown is what lies strictly between the ends.

        Raises:
            InputError: if shapes differ or a value is NaN or outside [0, 1].
        """
        number = len(self.values["sad"])
        now = _Frame(*_checked(number, pred, truth, trimap))
        if self._previous is not None and self._previous.pred.shape != now.pred.shape:
            raise InputError(
                f"Frames of one clip need one size: frame {number} is {now.pred.shape}, the one before it "
                f"{self._previous.pred.shape}; evaluate clips of different sizes separately."
            )
        for name, measure in _IMAGE_MEASURES.items():
            self.values[name].append(measure(now.pred, now.truth, now.unknown))
        if self._previous is not None:
            for name, compare in _PAIR_MEASURES.items():
                self.values[name].append(compare(self._previous, now))
        self._previous = now

    def result(self) -> dict[str, NDArray[np.float64]]:
        """The measures so far, as arrays."""
        return {name: np.asarray(values, dtype=np.float64) for name, values in self.values.items()}


def evaluate(pred: ArrayLike, truth: ArrayLike, trimap: ArrayLike) -> Mapping[str, NDArray[np.float64]]:
    """Measure a clip of alphas against the truth.

    Args:
        pred: (T, H, W) alphas in [0, 1], or unsigned integers over their full range.
        truth: (T, H, W), likewise.
        trimap: (T, H, W), likewise; unknown is what lies strictly between the ends.

    Returns:
        For each of `NAMES` an array of T values (`dtssd`, `messddt`: T - 1). `sad` is in thousands.

    Raises:
        InputError: if shapes differ or a value is NaN or outside [0, 1].
    """
    clips = [np.asarray(clip) for clip in (pred, truth, trimap)]
    shapes = [clip.shape for clip in clips]
    if len(shapes[0]) != 3 or len(set(shapes)) != 1:
        raise InputError(
            f"Metrics need three clips of one shape (T, H, W), found {shapes[0]}, {shapes[1]}, {shapes[2]}."
        )
    errors = ClipErrors()
    for frame in zip(*clips, strict=True):
        errors.add(*frame)
    return errors.result()


def sad(pred: Image, truth: Image, unknown: Mask) -> float:
    """Sum of absolute differences, in thousands."""
    return float(np.abs(pred - truth)[unknown].sum() / 1000)


def mse(pred: Image, truth: Image, unknown: Mask) -> float:
    """Mean squared error; one is added to the pixel count, as published, so that a frame without unknown is 0."""
    return float(np.square(pred - truth)[unknown].sum() / (np.count_nonzero(unknown) + 1))


def ssda(pred: Image, truth: Image, unknown: Mask) -> float:
    """Root of the sum of squared differences."""
    return float(np.sqrt(np.square(pred - truth)[unknown].sum()))


def grad(pred: Image, truth: Image, unknown: Mask) -> float:
    """Sum of squared differences between gradient magnitudes (first derivatives of a Gaussian, sigma 1.4)."""
    difference = _gradient_magnitude(pred) - _gradient_magnitude(truth)
    return float(np.square(difference)[unknown].sum())


def conn(pred: Image, truth: Image, unknown: Mask) -> float:
    """Connectivity error (Rhemann et al., section 3.2): how far pixels lie from the largest region they could join."""
    last_connected = np.full(pred.shape, -1.0)
    for lower, threshold in zip(np.append(0, _THRESHOLDS), _THRESHOLDS, strict=False):
        inside = _largest_region((pred >= threshold) & (truth >= threshold))
        last_connected[(last_connected < 0) & ~inside] = lower
    last_connected[last_connected < 0] = 1
    difference = _connectivity(pred, last_connected) - _connectivity(truth, last_connected)
    return float(np.abs(difference)[unknown].sum())


def dtssd(previous: _Frame, now: _Frame) -> float:
    """Root of the sum of squared differences between the changes from one frame to the next: flicker."""
    difference = (now.pred - previous.pred) - (now.truth - previous.truth)
    return float(np.sqrt(np.square(difference)[previous.unknown].sum()))


def messddt(previous: _Frame, now: _Frame) -> float:
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


_IMAGE_MEASURES: dict[str, Callable[[Image, Image, Mask], float]] = {
    "sad": sad, "mse": mse, "grad": grad, "conn": conn, "ssda": ssda,
}  # fmt: skip
_PAIR_MEASURES: dict[str, Callable[[_Frame, _Frame], float]] = {"dtssd": dtssd, "messddt": messddt}


def _checked(number: int, pred: ArrayLike, truth: ArrayLike, trimap: ArrayLike) -> tuple[Image, Image, Mask]:
    named = {"prediction": _unit(pred), "truth": _unit(truth), "trimap": _unit(trimap)}
    shapes = {name: image.shape for name, image in named.items()}
    if len(set(shapes.values())) != 1 or len(shapes["truth"]) != 2:
        raise InputError(f"Prediction, truth and trimap need one size (H, W); frame {number} has {shapes}.")
    for name, image in named.items():
        # NaN fails both comparisons, so one test refuses it together with values out of range.
        if image.size and not (image.min() >= -_ROUNDING and image.max() <= 1 + _ROUNDING):
            raise InputError(f"The {name} of frame {number} needs values in [0, 1]; it holds NaN or values outside.")
        np.clip(image, 0, 1, out=image)
    between = (named["trimap"] > 0) & (named["trimap"] < 1)
    return named["prediction"], named["truth"], between


def _unit(values: ArrayLike) -> Image:
    array: NDArray[Any] = np.asarray(values)
    if array.dtype.kind == "u":
        return array.astype(np.float64) / np.iinfo(array.dtype).max
    return array.astype(np.float64)


def _gradient_magnitude(image: Image) -> Image:
    half = int(np.ceil(_SIGMA * np.sqrt(-2 * np.log(np.sqrt(2 * np.pi) * _SIGMA * 0.01))))
    x = np.arange(-half, half + 1, dtype=np.float64)
    smooth = np.exp(-(x**2) / (2 * _SIGMA**2))
    slope = -x * smooth
    # The 2-D kernel has unit L2 norm when both factors have, whatever their own scale was.
    smooth, slope = smooth / np.linalg.norm(smooth), slope / np.linalg.norm(slope)
    across = cv2.sepFilter2D(image, cv2.CV_64F, slope, smooth, borderType=cv2.BORDER_REPLICATE)
    down = cv2.sepFilter2D(image, cv2.CV_64F, smooth, slope, borderType=cv2.BORDER_REPLICATE)
    magnitude: Image = np.hypot(across, down)
    return magnitude


def _largest_region(mask: Mask) -> Mask:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    if count == 1:
        return mask
    largest: Mask = labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    return largest


def _connectivity(image: Image, last_connected: Image) -> Image:
    drop = image - last_connected
    return np.where(drop >= _TOLERATED_DROP, 1 - drop, 1.0)


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
