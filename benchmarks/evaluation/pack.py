"""Turn what `render.py` wrote into the files that the repository keeps.

python -m benchmarks.evaluation.pack FOLDER
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from benchmarks.evaluation.clips import FOREGROUNDS
from benchmarks.evaluation.pictures import write_foreground
from rendering.straight import straight

SOFTENED = {"smoke": 1.3, "veil": 0.7}
"""Clips that are seen through a softer lens, and its Gaussian's sigma in pixels: both are rendered with few paths."""


def main() -> None:
    """Pack every clip that is complete."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="what render.py wrote")
    options = parser.parse_args()
    for clip in sorted(path for path in options.folder.iterdir() if path.is_dir()):
        for path in sorted(clip.glob("????.npz")):
            rendered = np.load(path)["picture"].astype(np.float32)
            if clip.name in SOFTENED:
                rendered = cv2.GaussianBlur(rendered, (0, 0), SOFTENED[clip.name])
            write_foreground(FOREGROUNDS / clip.name, int(path.stem), straight(rendered))
    size = sum(path.stat().st_size for path in FOREGROUNDS.rglob("*.webp"))
    print(f"{FOREGROUNDS}: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
