"""The measures of `dvm_core.metrics` over files: what `dvm eval` prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dvm_core.bridge.errors import InputError
from dvm_core.bridge.frames import format_range
from dvm_core.io.matte_file import read_channel
from dvm_core.io.sequence import FIRST_FRAME, FrameSequence, find_sequence
from dvm_core.io.trimap_file import UNKNOWN, trimap_of
from dvm_core.metrics import NAMES, ClipErrors


def evaluate_files(
    prediction: str, truth: str, trimap: str, frames: Sequence[int] | None = None, *, trimap_channel: str = ""
) -> dict[str, Any]:
    """Measure alphas on disk against the truth, one frame in memory at a time.

    Values outside [0, 1] count as 0 or 1. Measures over pairs of frames take neighbours only, so a gap in the frames
    costs them a value.

    Args:
        prediction: Pattern or file of the alphas.
        truth: Pattern or file of the true alphas.
        trimap: Pattern or file of the trimaps.
        frames: Frame numbers to measure; by default all of the prediction's.
        trimap_channel: Channel of the trimap; "" leaves it to the usual rule.

    Returns:
        Fit for JSON: `frames`, `size` ([width, height]), `unknown` (pixels for each frame), for each name of
        `metrics.NAMES` the list of its values, and `mean`, a mapping from each name to its mean (None without values).

    Raises:
        InputError: A frame is missing from one of the three, cannot be read, has another size, or holds NaN.
        UsageError: A pattern is not valid.
    """
    sequences = [find_sequence(path, what) for path, what in ((prediction, "prediction"), (truth, "truth"))]
    sequences.append(find_sequence(trimap, "trimap"))
    wanted = tuple(sorted(frames)) if frames is not None else _frames(sequences[0])
    for sequence in sequences:
        _require(sequence, wanted)
    values: dict[str, list[float]] = {name: [] for name in NAMES}
    unknown: list[int] = []
    size: list[int] = []
    for run in _runs(wanted):
        errors = ClipErrors()
        for frame in run:
            pixels = _read(sequences, frame, trimap_channel)
            _require_size(sequences, pixels, size, frame)
            unknown.append(int(np.count_nonzero(pixels[2] == UNKNOWN)))
            errors.add(*pixels)
        for name, array in errors.result().items():
            values[name] += array.tolist()
    mean = {name: float(np.mean(several)) if several else None for name, several in values.items()}
    return {"frames": list(wanted), "size": size, "unknown": unknown, **values, "mean": mean}


def _frames(sequence: FrameSequence) -> tuple[int, ...]:
    return sequence.frames or (FIRST_FRAME,)


def _require(sequence: FrameSequence, wanted: Sequence[int]) -> None:
    # A single picture has no number of its own, so it stands for whichever single frame is measured.
    if sequence.single is not None and len(wanted) == 1:
        return
    missing = sorted(set(wanted) - set(_frames(sequence)))
    if missing:
        raise InputError(
            f"'{sequence}' has no frames {format_range(missing)}, which are to be measured; "
            "add them, or name the frames that all three have.",
            frame=missing[0],
            path=sequence.path(missing[0]),
        )


def _runs(frames: Sequence[int]) -> Iterator[list[int]]:
    """Frames in stretches without a gap."""
    run: list[int] = []
    for frame in frames:
        if run and frame != run[-1] + 1:
            yield run
            run = []
        run.append(frame)
    if run:
        yield run


def _read(sequences: Sequence[FrameSequence], frame: int, trimap_channel: str) -> list[NDArray[Any]]:
    """Prediction, truth and trimap of a frame, all (H, W)."""
    alphas = []
    for sequence in sequences[:2]:
        path = sequence.path(frame)
        alpha = read_channel(path, frame=frame)
        if np.isnan(alpha).any():
            raise InputError(f"Frame {frame} '{path}' holds NaN, where an alpha has numbers.", frame=frame, path=path)
        alphas.append(np.clip(alpha, 0, 1))
    trimap = trimap_of(read_channel(sequences[2].path(frame), trimap_channel, frame=frame))
    return [*alphas, trimap]


def _require_size(
    sequences: Sequence[FrameSequence], pixels: Sequence[NDArray[Any]], size: list[int], frame: int
) -> None:
    if not size:
        size += pixels[0].shape[::-1]
    for sequence, image in zip(sequences, pixels, strict=True):
        if list(image.shape[::-1]) != size:
            path = sequence.path(frame)
            raise InputError(
                f"Frame {frame} '{path}' is {image.shape[1]} x {image.shape[0]} pixels, but the prediction began with "
                f"{size[0]} x {size[1]}; all three need one size.",
                frame=frame,
                path=path,
            )
