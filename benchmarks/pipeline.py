"""Memory and time of the main job: `python benchmarks/pipeline.py`, a table with each bar beside what was measured.

Each measurement is a whole process of its own (`dvm matte` on real EXR files), so that peak memory is that process's
own; ratios of times are taken between runs that alternate.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import OpenImageIO as oiio

HD, DCI_4K, DCI_8K = (1080, 1920), (2160, 4096), (4320, 8192)
GIGABYTE = 1 << 30
DIFFERENT = 4  # plates that are really different; the rest are links to them
DVM = [sys.executable, "-c", "from dvm_core.cli import main; main()"]


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    measured: str
    bar: str
    met: bool


@dataclass(frozen=True)
class Cost:
    """What one process took: wall seconds, processor seconds, bytes at its peak."""

    wall: float
    cpu: float
    peak: int


def make_plate(size: tuple[int, int], seed: int) -> np.ndarray:
    """A plate with texture at every scale, (H, W, 3) float32, scene-linear."""
    noise = np.random.default_rng(seed)
    plate = np.zeros((*size, 3), np.float32)
    for octave in range(3, 9):
        coarse = noise.random((2**octave, 2**octave, 3), dtype=np.float32)
        plate += cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC) / 6
    return np.clip(plate, 0, 1) ** 2


def make_trimap(size: tuple[int, int], share: float) -> np.ndarray:
    """A disc and its ring of unknown pixels, which are `share` of the picture; all of it at 1."""
    if share >= 1:
        return np.full(size, 128, np.uint8)
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32)
    distance = np.hypot(y - size[0] / 2, x - size[1] / 2)
    outer = np.sqrt((0.2 * size[0]) ** 2 + share * size[0] * size[1] / np.pi)
    return np.where(distance < 0.2 * size[0], 255, np.where(distance > outer, 0, 128)).astype(np.uint8)


def write(path: Path, pixels: np.ndarray, kind: str) -> None:
    """Write a picture."""
    pixels = np.atleast_3d(pixels)
    spec = oiio.ImageSpec(pixels.shape[1], pixels.shape[0], pixels.shape[2], kind)
    spec.attribute("compression", "zip")
    output = oiio.ImageOutput.create(str(path))
    if not (output.open(str(path), spec) and output.write_image(pixels) and output.close()):
        raise SystemExit(f"{path} cannot be written: {output.geterror()}")


def make_shot(folder: Path, size: tuple[int, int], frames: int, share: float) -> Path:
    """Plates and trimaps of a shot that begins at 1001."""
    folder.mkdir(parents=True)
    for index in range(frames):
        plate, trimap = folder / f"plate.{1001 + index}.exr", folder / f"trimap.{1001 + index}.png"
        if index < DIFFERENT:
            write(plate, make_plate(size, index), "half")
            write(trimap, make_trimap(size, share), "uint8")
        else:
            os.link(folder / f"plate.{1001 + index % DIFFERENT}.exr", plate)
            os.link(folder / f"trimap.{1001 + index % DIFFERENT}.png", trimap)
    return folder


def spend(command: list[str]) -> Cost:
    """Run a process to its end."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    messages = process.stderr.read() if process.stderr else b""
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} failed: {messages.decode()[-500:]}")
    return Cost(time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def matte(shot: Path, model: str, *options: str) -> Cost:
    """`dvm matte` over a whole shot."""
    files = ["matte", f"{shot}/plate.####.exr", "--trimap", f"{shot}/trimap.####.png", "-o", f"{shot}/alpha.####.exr"]
    return spend([*DVM, *files, "--model", model, "--overwrite", "--progress", "none", *options])


def flat_memory(folder: Path, model: str) -> Row:
    """Peak memory does not grow with the shot."""
    short, long = (matte(make_shot(folder / f"flat{n}", HD, n, 0.05), model).peak for n in (20, 200))
    text = f"{long / GIGABYTE:.2f} GB against {short / GIGABYTE:.2f} GB ({long / short - 1:+.1%})"
    return Row("peak memory, 1080p, 200 frames against 20", text, "within 5 %", long <= 1.05 * short)


def large_frames(folder: Path, model: str) -> list[Row]:
    """One frame at 4K and at 8K, every pixel unknown."""
    rows = []
    for name, size, limit in (("4096x2160", DCI_4K, 6), ("8192x4320", DCI_8K, 8)):
        cost = matte(make_shot(folder / name, size, 1, 1.0), model, "--max-memory", f"{limit}G")
        text = f"{cost.peak / GIGABYTE:.2f} GB, {cost.wall:.0f} s"
        rows.append(Row(f"one {name} frame, all unknown", text, f"{limit} GB", cost.peak <= limit * GIGABYTE))
    return rows


def sparse_frames(folder: Path, model: str, frames: int = 6) -> Row:
    """Seconds a frame by how much is unknown; start-up and the first frames taken out by a shorter run.

    Processor seconds stand beside them: on a machine that has other work, only their ratio says something.
    """
    wall: dict[float, float] = {}
    processor: dict[float, float] = {}
    for share in (0.05, 1.0):
        short = make_shot(folder / f"short{share}", HD, 1, share)
        long = make_shot(folder / f"long{share}", HD, 1 + frames, share)
        costs = [(matte(long, model), matte(short, model)) for _ in range(2)]
        wall[share] = min(more.wall - less.wall for more, less in costs) / frames
        processor[share] = min(more.cpu - less.cpu for more, less in costs) / frames
    ratio = wall[0.05] / wall[1.0]
    text = f"{wall[0.05]:.2f} s against {wall[1.0]:.2f} s ({ratio:.2f}x); processor {processor[0.05]:.2f} s against "
    text += f"{processor[1.0]:.2f} s ({processor[0.05] / processor[1.0]:.2f}x)"
    return Row("1080p frame, 5 % unknown against all unknown", text, "<= 0.35x", ratio <= 0.35)


def outside_the_network(folder: Path, repeats: int = 5) -> Row:
    """Processor seconds that reading, colour and writing take for one 1080p frame."""
    from dvm_core.io.alpha_file import AlphaWriter
    from dvm_core.io.plate import PlateReader
    from dvm_core.io.trimap_file import TrimapReader

    shot = make_shot(folder / "io", HD, 1, 0.05)
    plates, trimaps = PlateReader(f"{shot}/plate.####.exr"), TrimapReader(f"{shot}/trimap.####.png")
    writer, costs = AlphaWriter(f"{shot}/alpha.####.exr"), []
    for _ in range(1 + repeats):
        started = resource.getrusage(resource.RUSAGE_SELF)
        plate, trimap = plates.read(1001), trimaps.read(1001)
        writer.write(1001, trimap / np.float32(255), plate.header)
        ended = resource.getrusage(resource.RUSAGE_SELF)
        costs.append(ended.ru_utime + ended.ru_stime - started.ru_utime - started.ru_stime)
    best = min(costs[1:])
    return Row(
        "processor seconds to read, convert and write a 1080p EXR frame", f"{best:.3f} s", "0.15 s", best <= 0.15
    )


def help_page() -> Row:
    """Start-up of the command."""
    best = min(spend([*DVM, "--help"]).wall for _ in range(5))
    return Row("`dvm --help`", f"{best:.2f} s", "0.4 s", best <= 0.4)


def main() -> None:
    """Measure everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="lite", help="name or weight file")
    parser.add_argument("--only", default="", help="a part: flat, large, sparse, io or help")
    options = parser.parse_args()
    print("| what | measured | bar | met |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="dvm-bench-") as name:
        folder = Path(name)
        parts = {
            "help": lambda: [help_page()],
            "io": lambda: [outside_the_network(folder)],
            "sparse": lambda: [sparse_frames(folder, options.model)],
            "large": lambda: large_frames(folder, options.model),
            "flat": lambda: [flat_memory(folder, options.model)],
        }
        for part, measure in parts.items():
            if options.only in ("", part):
                for row in measure():
                    print(f"| {row.what} | {row.measured} | {row.bar} | {'yes' if row.met else 'no'} |", flush=True)


if __name__ == "__main__":
    main()
