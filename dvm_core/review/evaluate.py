"""The measures of `dvm_core.metrics` over files: what `dvm eval` prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
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
    prediction: str,
    truth: str,
    trimap: str,
    frames: Sequence[int] | None = None,
    *,
    channel: str = "",
    trimap_channel: str = "",
) -> dict[str, Any]:
    """Measure alphas on disk against the truth, one frame in memory at a time.

    Frames are matched by number; a picture without a number serves every frame, and one picture is compared with one
    whatever their numbers. Values outside [0, 1] count as 0 or 1. What compares two frames takes neighbours only and
    counts for the second of them.

    Args:
        prediction: Pattern or file of the alphas.
        truth: Pattern or file of the true alphas.
        trimap: Pattern or file of the trimaps.
        frames: Frame numbers to measure; by default all of the prediction's.
        channel: Channel of the alphas; "" leaves it to the rule of `read_channel`.
        trimap_channel: Channel of the trimaps, likewise.

    Returns:
        Fit for JSON: `frames`, `size` ([width, height]), `unknown` (pixels, for each frame), and `metrics`, which has
        for each of `dvm_core.metrics.NAMES` its `mean` (None without values), `values` and their `frames`.

    Raises:
        InputError: A frame is missing from one of the three, cannot be read, has another size, or holds NaN.
        UsageError: A pattern is not valid.
    """
    named = ((prediction, "matte"), (truth, "truth"), (trimap, "trimap"))
    sequences = [find_sequence(pattern, what) for pattern, what in named]
    wanted = tuple(sorted(frames)) if frames is not None else sequences[0].frames or (FIRST_FRAME,)
    for sequence in sequences:
        _require(sequence, wanted)
    measured: dict[str, list[tuple[int, float]]] = {name: [] for name in NAMES}
    unknown: list[int] = []
    size: list[int] = []
    for run in _runs(wanted):
        errors = ClipErrors()
        for frame in run:
            images = _read([_path(sequence, frame) for sequence in sequences], frame, (channel, trimap_channel), size)
            unknown.append(int(np.count_nonzero(images[2] == UNKNOWN)))
            errors.add(*images)
        for name, values in errors.result().items():
            measured[name] += zip(run[len(run) - len(values) :], values.tolist(), strict=True)
    metrics = {name: _summary(values) for name, values in measured.items()}
    return {"frames": list(wanted), "size": size, "unknown": unknown, "metrics": metrics}


def _require(sequence: FrameSequence, wanted: Sequence[int]) -> None:
    if sequence.single is not None or len(wanted) == len(sequence.frames) == 1:
        return
    missing = sorted(set(wanted) - set(sequence.frames))
    if missing:
        raise InputError(
            f"'{sequence}' has no frame {format_range(missing)}, which is to be measured; choose others with --range.",
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


def _path(sequence: FrameSequence, frame: int) -> Path:
    only = len(sequence.frames) == 1 and frame not in sequence.frames
    return sequence.path(sequence.frames[0] if only else frame)


def _read(paths: Sequence[Path], frame: int, channels: tuple[str, str], size: list[int]) -> list[NDArray[Any]]:
    """Prediction, truth and trimap of a frame, all (H, W); the first frame's size is kept in `size`."""
    chosen = (channels[0], channels[0], channels[1])
    images = [read_channel(path, channel, frame=frame) for path, channel in zip(paths, chosen, strict=True)]
    if not size:
        size += images[0].shape[::-1]
    for path, image in zip(paths, images, strict=True):
        height, width = image.shape
        if [width, height] != size:
            raise InputError(
                f"Frame {frame} '{path}' is {width}x{height}, but the first picture was {size[0]}x{size[1]}; "
                "only pictures of one size can be compared.",
                frame=frame,
                path=path,
            )
        if np.isnan(image).any():
            raise InputError(f"Frame {frame} '{path}' holds NaN, where numbers are needed.", frame=frame, path=path)
    return [images[0].clip(0, 1), images[1].clip(0, 1), trimap_of(images[2])]


def _summary(values: Sequence[tuple[int, float]]) -> dict[str, Any]:
    measured = [value for _, value in values]
    mean = sum(measured) / len(measured) if measured else None
    return {"mean": mean, "frames": [frame for frame, _ in values], "values": measured}
