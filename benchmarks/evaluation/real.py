"""Real pictures, for looking only: nobody knows their alpha.

    python -m benchmarks.evaluation.real FOLDER --footage CLIPS --photograph lemur.png --trimap lemur_trimap.png

CLIPS holds the footage of the propagation benchmark (`_propagation_clips`), whose masks are widened into trimaps here.
Writes a contact sheet for each picture or clip. Frames are matted one by one, as masks are often ten frames apart.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks._propagation_clips import Clip, real_clips
from benchmarks.evaluation.clips import Take
from benchmarks.evaluation.models import Matte, matter
from benchmarks.evaluation.pictures import read_alpha, read_colour
from benchmarks.evaluation.report import shown, write_sheet
from dvm_core.trimap.create import make_trimap

LOOKED_AT = ("street, woman", "rabbit turns", "car phone")
"""Clips of that benchmark: a mask from the empty street, and two drawn by hand."""

MARGIN = 0.35
"""Kept on either side of what a clip's masks cover, as a part of its height and of its width."""

BAND = 0.035
"""Reach of the unknown band on either side of a mask's edge, as a part of the figure's height."""


def photograph(picture: Path, trimap: Path) -> Take:
    """A still with a trimap made by hand."""
    levels = read_alpha(trimap)
    known = np.where(levels < 0.1, 0, np.where(levels > 0.9, 255, 128)).astype(np.uint8)
    return Take(picture.stem, read_colour(picture)[None], known[None], None)


def footage(folder: Path) -> list[Take]:
    """The clips' frames that have a mask, cut to where the figure is; those that a sheet shows."""
    return [_take(clip) for clip in real_clips(folder) if clip.name in LOOKED_AT]


def _take(clip: Clip) -> Take:
    frames = [list(clip.masks)[at] for at in shown(len(clip.masks))]
    masks = np.stack([clip.masks[frame] for frame in frames])
    rows, columns = (_extent(masks.any(axis=(0, axis))) for axis in (2, 1))
    band = round(BAND * float(masks.any(axis=2).sum(axis=1).mean()))
    trimaps = [make_trimap(mask.astype(np.float32), erode=band, dilate=band) for mask in masks]
    plates = clip.frames[frames] / np.float32(255)
    name = clip.name.replace(",", "").replace(" ", "_")
    return Take(name, plates[:, rows, columns], np.stack(trimaps)[:, rows, columns], None)


def _extent(covered: NDArray[np.bool_]) -> slice:
    """What is covered along one axis, with a margin."""
    at = np.flatnonzero(covered)
    margin = round(MARGIN * (at[-1] - at[0]))
    return slice(max(int(at[0]) - margin, 0), int(at[-1]) + margin + 1)


def look(take: Take, matte: Matte, model: str, folder: Path) -> None:
    """Matte each frame as a still and lay the results out."""
    stills = [Take(take.name, take.plates[at, None], take.trimaps[at, None], None) for at in range(len(take.plates))]
    alphas = np.concatenate([matte(still) for still in stills])
    write_sheet(folder, take, alphas, model)


def main() -> None:
    """Matte what was named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="lite")
    parser.add_argument("--footage", type=Path)
    parser.add_argument("--photograph", type=Path)
    parser.add_argument("--trimap", type=Path, help="of the photograph")
    options = parser.parse_args()
    takes = footage(options.footage) if options.footage else []
    if options.photograph:
        takes.append(photograph(options.photograph, options.trimap))
    for take in takes:
        look(take, matter(options.model), options.model, options.folder)


if __name__ == "__main__":
    main()
