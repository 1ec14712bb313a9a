"""Every measure of a clip, from arrays that may arrive frame by frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dvm_core.bridge.errors import InputError
from dvm_core.metrics.image import Image, Mask, conn, grad, mse, sad, ssda
from dvm_core.metrics.motion import MeasuredFrame, dtssd, messddt

_IMAGE_MEASURES: dict[str, Callable[[Image, Image, Mask], float]] = {
    "sad": sad, "mse": mse, "grad": grad, "conn": conn, "ssda": ssda,
}  # fmt: skip
_PAIR_MEASURES: dict[str, Callable[[MeasuredFrame, MeasuredFrame], float]] = {"dtssd": dtssd, "messddt": messddt}

NAMES = (*_IMAGE_MEASURES, *_PAIR_MEASURES)

_ROUNDING = 1e-5


@dataclass
class ClipErrors:
    """Every measure of a clip that arrives frame by frame, so that a long shot never has to fit into memory.

    Attributes:
        values: One list for each of `NAMES`; `dtssd` and `messddt` have one entry fewer than there were frames.
    """

    values: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in NAMES})
    _previous: MeasuredFrame | None = None

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
        now = MeasuredFrame(*_checked(number, pred, truth, trimap))
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
