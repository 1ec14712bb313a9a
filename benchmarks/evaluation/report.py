"""Tables and contact sheets of an evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

from benchmarks.evaluation.clips import Take
from benchmarks.evaluation.models import Alphas
from benchmarks.evaluation.pictures import linear
from benchmarks.evaluation.scores import Scores, geometric_mean, ratio
from dvm_core import foreground
from dvm_core.metrics import NAMES
from dvm_core.review.contact_sheet import ReviewFrame, contact_sheet

REFERENCE = "closed-form"
SHOWN = (0.1, 0.5, 0.9)
"""Frames on a sheet, as parts of the clip."""

CELL = 320
"""Pixels across a picture of a sheet."""

Results = Mapping[str, Mapping[str, Scores]]
"""Model -> clip -> scores."""


def table(results: Results) -> str:
    """Markdown: each clip's scores, then ratios to closed-form as geometric means over the clips."""
    lines = ["| clip | model | " + " | ".join(NAMES) + " |", "|---" * (len(NAMES) + 2) + "|"]
    for clip in dict.fromkeys(clip for scores in results.values() for clip in scores):
        for model, scores in results.items():
            if clip in scores:
                cells = [_digits(scores[clip][name]) for name in NAMES]
                lines.append(f"| {clip} | {model} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", ratios(results)])


def ratios(results: Results) -> str:
    """Markdown: every model's measures as multiples of closed-form's, and its worst clip in SAD."""
    if REFERENCE not in results:
        return ""
    lines = [
        f"| against {REFERENCE} | clips | " + " | ".join(NAMES) + " | worst clip in SAD |",
        "|---" * (len(NAMES) + 3) + "|",
    ]
    reference = results[REFERENCE]
    for model, scores in results.items():
        shared = [clip for clip in scores if clip in reference]
        if model == REFERENCE or not shared:
            continue
        cells = [f"{ratio(scores, reference, name):.2f}" for name in NAMES]
        times = {clip: scores[clip]["sad"] / reference[clip]["sad"] for clip in shared}
        worst = max(times, key=lambda clip: times[clip])
        lines.append(f"| {model} | {len(shared)} | " + " | ".join(cells) + f" | {worst}, {times[worst]:.2f} |")
    return "\n".join(lines)


def means(scores: Mapping[str, Scores]) -> Scores:
    """Geometric means over the clips."""
    return {name: geometric_mean(row[name] for row in scores.values()) for name in NAMES}


def write_sheet(folder: Path, take: Take, alphas: Alphas, model: str) -> None:
    """Plate, trimap, alpha, comps over grey and blue, and the error where truth is known, of three frames, as WebP."""
    rows = []
    for at in shown(len(take.plates)):
        plate = linear(take.plates[at])
        colour = foreground.estimate(plate, alphas[at])
        truth = None if take.alphas is None else take.alphas[at]
        rows.append(ReviewFrame(at, plate, take.trimaps[at], alphas[at], colour, truth))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{take.name}.{Path(model).stem}.webp"
    picture = contact_sheet(rows, title=f"{take.name}: {model}", cell_width=CELL)
    cv2.imwrite(str(path), np.ascontiguousarray(picture[..., ::-1]), [cv2.IMWRITE_WEBP_QUALITY, 80])


def shown(frames: int) -> list[int]:
    """Which of so many frames a sheet shows."""
    return sorted({min(int(part * frames), frames - 1) for part in SHOWN})


def _digits(value: float) -> str:
    return f"{value:.4f}" if value < 1 else f"{value:.4g}"
