"""Real pictures, for looking only: nobody knows their alpha.

    python -m benchmarks.evaluation.real FOLDER --footage CLIPS --photograph lemur.png --trimap lemur_trimap.png

CLIPS holds the footage of the propagation benchmark, whose masks (drawn by hand every ten frames) are widened into
trimaps here. Writes a contact sheet for each picture or clip, matted frame by frame where frames are that far apart.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from benchmarks._propagation_clips import real_clips
from benchmarks.evaluation.clips import Take
from benchmarks.evaluation.models import Matte, matter
from benchmarks.evaluation.pictures import read_alpha, read_colour
from benchmarks.evaluation.report import write_sheet
from dvm_core.trimap.create import make_trimap

DRAWN = ("rabbit turns", "car phone")
"""Clips with hand-drawn masks that are looked at."""

BAND = 0.015
"""Reach of the unknown band on either side of a mask's edge, as a part of the width."""


def photograph(picture: Path, trimap: Path) -> Take:
    """A still with a trimap made by hand."""
    levels = read_alpha(trimap)
    known = np.where(levels < 0.1, 0, np.where(levels > 0.9, 255, 128)).astype(np.uint8)
    return Take(picture.stem, read_colour(picture)[None], known[None], None)


def footage(folder: Path) -> list[Take]:
    """Every drawn clip's frames that have a mask."""
    takes = []
    for clip in real_clips(folder):
        if clip.name in DRAWN:
            band = round(BAND * clip.frames.shape[2])
            trimaps = [make_trimap(mask.astype(np.float32), erode=band, dilate=band) for mask in clip.masks.values()]
            plates = clip.frames[list(clip.masks)] / np.float32(255)
            takes.append(Take(clip.name.replace(" ", "_"), plates, np.stack(trimaps), None))
    return takes


def look(take: Take, matte: Matte, model: str, folder: Path) -> None:
    """Matte each frame as a still and lay the results out."""
    stills = [Take(take.name, take.plates[at, None], take.trimaps[at, None], None) for at in range(len(take.plates))]
    alphas = np.concatenate([matte(still) for still in stills])
    write_sheet(folder / f"{take.name}.{Path(model).stem}.jpg", take, alphas, model)


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
