"""What a farm costs beside the frames themselves: `python benchmarks/farm.py`, a table with bars and measurements.

A look at a shot before its first frame, two processes against one, chunks against one piece, and what one frame takes
of processor and storage, for the arithmetic of docs/SCALING.md. Start-up is left out by taking the difference between a
long and a short run.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import NamedTuple

from pipeline import HD, Row, make_shot

from dvm_core.bridge.job import MatteJob
from dvm_core.bridge.settings import Settings
from dvm_core.farm import local
from dvm_core.farm.plan import MATTE, Chunks, plan
from dvm_core.io.plate import PlateReader
from dvm_core.io.trimap_file import TrimapReader
from dvm_core.pipeline import run_job
from dvm_core.pipeline.preflight import survey
from dvm_core.worker.engine import LoadedModel

FIRST = 1001
UNKNOWN = 0.05  # of the picture


def job_of(shot: Path, frames: int, first: int = FIRST, *, alone: bool = False) -> MatteJob:
    """The job of some frames; `alone` without neighbours."""
    wanted = f"{first}-{first + frames - 1}"
    return MatteJob(
        plate=f"{shot}/plate.####.exr",
        trimap=f"{shot}/trimap.####.png",
        output=f"{shot}/alpha.####.exr",
        range=wanted,
        shot_range=wanted if alone else "",
        settings=Settings(device="cpu", threads=1, existing="overwrite"),
    )


class Spent(NamedTuple):
    """Seconds of the clock, and of processors."""

    wall: float
    processors: float


def mattes(shot: Path, frames: int, workers: int, chunk: int) -> Spent:
    """What the mattes of some frames take in persistent processes of one thread, start-up included."""
    made = plan(job_of(shot, frames), Chunks(chunk))
    made = replace(made, steps=(made.step(MATTE),))
    started, used = time.perf_counter(), _everybodys_processors()
    (outcome,) = local.run([made], workers)
    if outcome.fault is not None:
        raise SystemExit(outcome.fault.message)
    return Spent(time.perf_counter() - started, _everybodys_processors() - used)


def two_workers(shot: Path, frames: int, chunk: int, repeats: int) -> Row:
    """Frames a second of two processes against one; runs alternate.

    What a frame costs of processors tells, on a machine that has other work, whether the two are in each other's way.
    """
    rates: dict[int, float] = {1: 0.0, 2: 0.0}
    costs: dict[int, float] = {1: 1e9, 2: 1e9}
    for _ in range(repeats):
        for workers in rates:
            short = mattes(shot, workers * chunk, workers, chunk)
            long = mattes(shot, workers * chunk + frames, workers, chunk)
            rates[workers] = max(rates[workers], frames / (long.wall - short.wall))
            costs[workers] = min(costs[workers], (long.processors - short.processors) / frames)
    ratio = rates[2] / rates[1]
    text = (
        f"{rates[2]:.2f} against {rates[1]:.2f} frames/s ({ratio:.2f}x), {costs[2]:.2f} against {costs[1]:.2f} s of "
        "processors a frame"
    )
    return Row("2 processes against 1, one thread each", text, ">= 1.8x", ratio >= 1.8)


def chunks_against_one(shot: Path, count: int, chunk: int, repeats: int) -> Row:
    """What chunks cost in one persistent process, beyond encoding their neighbours; in seconds of processors."""
    frames = count * chunk
    models = LoadedModel()
    load = models.load

    def seconds(work: Callable[[], object]) -> float:
        started = time.process_time()
        work()
        return time.process_time() - started

    def pieces() -> None:
        for index in range(count):
            run_job(replace(job_of(shot, chunk, FIRST + index * chunk), shot_range=whole.range), load=load)

    whole = job_of(shot, frames)
    middle = job_of(shot, chunk, FIRST + chunk)
    run_job(job_of(shot, 2), load=load)
    best = {"whole": 1e9, "pieces": 1e9, "neighbours": 1e9, "alone": 1e9}
    for _ in range(repeats):
        best["whole"] = min(best["whole"], seconds(lambda: run_job(whole, load=load)))
        best["pieces"] = min(best["pieces"], seconds(pieces))
        best["neighbours"] = min(best["neighbours"], seconds(lambda: run_job(middle, load=load)))
        best["alone"] = min(best["alone"], seconds(lambda: run_job(job_of(shot, chunk, alone=True), load=load)))
    # The first and the last chunk have neighbours on one side only.
    encoding = (count - 1) * max(best["neighbours"] - best["alone"], 0.0)
    beyond = (best["pieces"] - best["whole"] - encoding) / best["whole"]
    text = (
        f"{best['pieces']:.1f} s against {best['whole']:.1f} s, {encoding:.1f} s of it for neighbours: "
        f"{beyond:+.1%} beyond"
    )
    return Row(f"{count} chunks of {chunk} frames against one of {frames}", text, "<= 5 %", beyond <= 0.05)


def preflight(folder: Path, size: tuple[int, int], frames: int) -> Row:
    """A look at a shot before its first frame, with faults planted: files of another kind, and cut short."""
    shot = make_shot(folder, size, frames, UNKNOWN)
    planted = Random(1).sample(range(FIRST + 4, FIRST + frames), 19)
    for index, frame in enumerate(planted):
        path = shot / (f"trimap.{frame}.png" if index % 4 == 3 else f"plate.{frame}.exr")
        content = (b"no picture", path.read_bytes()[:-200], path.read_bytes()[:400])[index % 3]
        path.unlink()  # it is a link, and the others stay
        path.write_bytes(content)
    plate, trimap = PlateReader(f"{shot}/plate.####.exr"), TrimapReader(f"{shot}/trimap.####.png")
    used, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    _, problems = survey(plate, trimap, range(FIRST, FIRST + frames))
    seconds = time.perf_counter() - began
    processors = _processor(resource.getrusage(resource.RUSAGE_SELF)) - _processor(used)
    told = " ".join(problem.sentence for problem in problems)
    found = sum(str(frame) in told for frame in planted)
    text = f"{seconds:.2f} s ({processors:.2f} s of processors), {found} of {len(planted)} planted faults found"
    met = seconds <= 3 and found == len(planted)
    return Row(f"preflight of {frames} EXR frames and their trimaps", text, "<= 3 s, all found", met)


def one_frame(shot: Path, frames: int) -> list[Row]:
    """Processor seconds and bytes of a frame, and of a start, for the arithmetic of a farm."""
    models = LoadedModel()
    began = resource.getrusage(resource.RUSAGE_SELF)
    run_job(job_of(shot, 1), load=models.load)
    costs = []
    for count in (2, 2 + frames):
        before, used = _transferred(), resource.getrusage(resource.RUSAGE_SELF)
        run_job(job_of(shot, count), load=models.load)
        after, now = _transferred(), resource.getrusage(resource.RUSAGE_SELF)
        costs.append((_processor(now) - _processor(used), after[0] - before[0], after[1] - before[1]))
    seconds, read, written = ((long - short) / frames for short, long in zip(*costs, strict=True))
    start = _processor(began)
    plates = sum((shot / f"plate.{FIRST + index}.exr").stat().st_size for index in range(4)) / 4
    return [
        Row("processor seconds of a frame, one thread", f"{seconds:.2f} s", "", True),
        Row("processor seconds until the first job begins (imports)", f"{start:.1f} s", "", True),
        Row("bytes read for a frame", f"{read / 1e6:.1f} MB (its plate file has {plates / 1e6:.1f} MB)", "", True),
        Row("bytes written for a frame", f"{written / 1e6:.2f} MB", "", True),
    ]


def _processor(usage: resource.struct_rusage) -> float:
    return usage.ru_utime + usage.ru_stime


def _everybodys_processors() -> float:
    """Of this process and of the children that it has waited for."""
    return sum(_processor(resource.getrusage(who)) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def _transferred() -> tuple[int, int]:
    """Bytes that this process has read and written so far, the file system's cache included."""
    lines = Path("/proc/self/io").read_text().splitlines()
    values = {name: int(value) for name, value in (line.split(": ") for line in lines)}
    return values["rchar"], values["wchar"]


def main() -> None:
    """Measure everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="a part: preflight, workers, chunks or frame")
    parser.add_argument("--frames", type=int, default=40, help="frames that are measured")
    parser.add_argument("--chunk", type=int, default=20, help="frames in a chunk")
    parser.add_argument("--repeats", type=int, default=2, help="the best of so many")
    parser.add_argument("--height", type=int, default=HD[0], help="of the picture, 16:9")
    options = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    size = (options.height, options.height * 16 // 9)
    print(f"{size[1]}x{size[0]}, {UNKNOWN:.0%} unknown\n\n| what | measured | bar | met |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="dvm-bench-") as name:
        longest = max(options.frames + 2 * options.chunk, 3 * options.chunk)
        shot = make_shot(Path(name) / "shot", size, longest, UNKNOWN)
        parts: dict[str, Callable[[], list[Row]]] = {
            "preflight": lambda: [preflight(Path(name) / "long", size, 1000)],
            "frame": lambda: one_frame(shot, options.frames),
            "chunks": lambda: [chunks_against_one(shot, 3, options.chunk, options.repeats)],
            "workers": lambda: [two_workers(shot, options.frames, options.chunk, options.repeats)],
        }
        for part, measure in parts.items():
            if options.only in ("", part):
                for row in measure():
                    print(f"| {row.what} | {row.measured} | {row.bar} | {'yes' if row.met else 'no'} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
