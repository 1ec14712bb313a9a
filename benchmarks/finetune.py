"""What finetuning gives: errors on a shot's other frames before and after three of its alphas were learnt from.

    python -m benchmarks.finetune                                        the demo's clip, 20 frames of 480x270
    python -m benchmarks.finetune --clip FOLDER                          a clip that is there
    python -m benchmarks.finetune --no-corrections                       what learning gives by itself
    python -m benchmarks.finetune --steps 800 --threads 1                so many steps, for a busy machine
    python -m benchmarks.finetune --propagated defocus --steps 120       an evaluation clip between two keyframes
    python -m benchmarks.finetune --propagated defocus --steps 120 --without-keys    learnt without being told of them

A clip's folder holds `plate`, `trimap` and `truth`, each a folder with one sequence. The first, the middle and the last
frame are the finished ones; between keyframes, the last frames of the first three quarters.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.evaluation.clips import make_take
from benchmarks.propagation import between
from dvm_core.bridge.job import MatteJob
from dvm_core.bridge.settings import Settings
from dvm_core.io.alpha_file import AlphaWriter
from dvm_core.io.header import ImageHeader
from dvm_core.io.sequence import find_sequence
from dvm_core.io.trimap_file import TrimapWriter
from dvm_core.pipeline import run_job
from dvm_core.review.evaluate import evaluate_files
from dvm_core.training.clip_files import write_plate
from dvm_core.training.examples import Files
from dvm_core.training.shot_model import make_shot_model

COUNT, SHRINK = 20, 2
MEASURES = ("sad", "mse", "grad", "dtssd", "messddt")


def render(folder: Path) -> None:
    """The demo's clip, shorter and at half its size."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "examples" / "demo"))
    from make_clip import make_clip

    make_clip(folder, count=COUNT, shrink=SHRINK)


def propagate(folder: Path, name: str) -> str:
    """A clip of the evaluation with trimaps propagated from its first and its last frame; gives the frames of these."""
    take = make_take(name, "medium")
    found, _ = between(take)
    header = ImageHeader.plain(take.plates.shape[2], take.plates.shape[1])
    truths = AlphaWriter(folder / "truth" / "truth.####.exr", half=False)
    trimaps = TrimapWriter(folder / "trimap" / "trimap.####.png")
    for frame, (plate, one, alpha) in enumerate(zip(take.plates, found, take.alphas, strict=True), 1):
        write_plate(folder / "plate" / f"plate.{frame:04d}.exr", plate, header)
        trimaps.write(frame, one.trimap, header)
        truths.write(frame, alpha, header)
    return f"1,{len(found)}"


def measure(clip: Path, model: str, keys: str, out: Path, threads: int) -> dict[int, dict[str, float]]:
    """Errors of every frame, by its number, of a model that mattes the whole clip."""
    pattern = str(out / "alpha.####.exr")
    settings = Settings(device="cpu", threads=threads, existing="overwrite")
    run_job(MatteJob(str(clip / "plate"), str(clip / "trimap"), pattern, model=model, keys=keys, settings=settings))
    found = evaluate_files(pattern, str(clip / "truth"), str(clip / "trimap"))["metrics"]
    frames: dict[int, dict[str, float]] = {}
    for name in MEASURES:
        for frame, value in zip(found[name]["frames"], found[name]["values"], strict=True):
            frames.setdefault(frame, {})[name] = value
    return frames


def compare(before: dict[int, dict[str, float]], after: dict[int, dict[str, float]], frames: list[int]) -> None:
    """Print means over some frames."""
    for name in MEASURES:
        was, now = (np.mean([of[frame][name] for frame in frames if name in of[frame]]) for of in (before, after))
        print(f"| {name} | {was:.4f} | {now:.4f} | {now / was:.2f} |")


def main() -> None:
    """Render if need be, finetune, matte twice, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clip", type=Path)
    parser.add_argument("--propagated", metavar="CLIP")
    parser.add_argument("--without-keys", action="store_true")
    parser.add_argument("--model", default="lite")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--steps", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--corrections", action=argparse.BooleanOptionalAction, default=True)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        clip, keys = options.clip or work, ""
        if options.propagated:
            keys = propagate(clip, options.propagated)
        elif options.clip is None:
            render(clip)
        frames = find_sequence(str(clip / "truth")).frames
        ends = (len(frames) * part // 4 - 1 for part in ((1, 2, 3) if keys else (0, 2, 4)))
        finished = [frames[max(end, 0)] for end in ends]
        text = ",".join(map(str, finished))
        files = Files(
            str(clip / "plate"), str(clip / "trimap"), str(clip / "truth"), text, "" if options.without_keys else keys
        )
        delta = work / "shot.safetensors"
        how: dict[str, Any] = {
            name: getattr(options, name) for name in ("minutes", "steps", "device", "precision", "corrections")
        }
        cpu = time.process_time()
        record, tuned = make_shot_model(files, delta, model=options.model, threads=options.threads, **how)
        cpu = (time.process_time() - cpu) / 60
        print(f"finished frames {text}; {tuned.steps} steps, {tuned.minutes:.1f} min, {cpu:.1f} CPU minutes, "
              f"{delta.stat().st_size / 1e3:.0f} kB; held out error {tuned.after / tuned.before:.2f}x")  # fmt: skip
        before = measure(clip, options.model, keys, work / "before", options.threads)
        after = measure(clip, str(delta), keys, work / "after", options.threads)
        rest = [frame for frame in frames if frame not in finished]
        print(f"\n| {len(rest)} other frames | {options.model} | {record.sha256[:12]} | ratio |\n|---|---|---|---|")
        compare(before, after, rest)


if __name__ == "__main__":
    main()
