"""What finetuning gives: errors on a shot's other frames before and after three of its alphas were learnt from.

    python benchmarks/finetune.py                                        the demo's clip, 20 frames of 480x270
    python benchmarks/finetune.py --clip FOLDER                          a clip that is there
    python benchmarks/finetune.py --no-corrections                       what learning gives by itself
    python benchmarks/finetune.py --steps 800 --threads 1                so many steps, for a busy machine

A clip's folder holds `plate`, `trimap` and `truth`, each a folder with one sequence. The first, the middle and the last
frame are the finished ones.
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

from dvm_core.bridge.job import MatteJob
from dvm_core.bridge.settings import Settings
from dvm_core.io.sequence import find_sequence
from dvm_core.pipeline import run_job
from dvm_core.review.evaluate import evaluate_files
from dvm_core.training.examples import Files
from dvm_core.training.shot_model import make_shot_model

COUNT, SHRINK = 20, 2
MEASURES = ("sad", "mse", "grad", "dtssd", "messddt")


def render(folder: Path) -> None:
    """The demo's clip, shorter and at half its size."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "examples" / "demo"))
    from make_clip import make_clip

    make_clip(folder, count=COUNT, shrink=SHRINK)


def measure(clip: Path, model: str, out: Path, threads: int) -> dict[int, dict[str, float]]:
    """Errors of every frame, by its number, of a model that mattes the whole clip."""
    pattern = str(out / "alpha.####.exr")
    settings = Settings(device="cpu", threads=threads, existing="overwrite")
    run_job(MatteJob(str(clip / "plate"), str(clip / "trimap"), pattern, model=model, settings=settings))
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
        clip = options.clip or work
        if options.clip is None:
            render(clip)
        frames = find_sequence(str(clip / "truth")).frames
        finished = [frames[0], frames[len(frames) // 2 - 1], frames[-1]]
        text = ",".join(map(str, finished))
        files = Files(str(clip / "plate"), str(clip / "trimap"), str(clip / "truth"), range=text)
        delta = work / "shot.safetensors"
        how: dict[str, Any] = {
            name: getattr(options, name) for name in ("minutes", "steps", "device", "precision", "corrections")
        }
        cpu = time.process_time()
        record, tuned = make_shot_model(files, delta, model=options.model, threads=options.threads, **how)
        cpu = (time.process_time() - cpu) / 60
        print(f"finished frames {text}; {tuned.steps} steps, {tuned.minutes:.1f} min, {cpu:.1f} CPU minutes, "
              f"{delta.stat().st_size / 1e3:.0f} kB; held out error {tuned.after / tuned.before:.2f}x")  # fmt: skip
        before = measure(clip, options.model, work / "before", options.threads)
        after = measure(clip, str(delta), work / "after", options.threads)
        rest = [frame for frame in frames if frame not in finished]
        print(f"\n| {len(rest)} other frames | {options.model} | {record.sha256[:12]} | ratio |\n|---|---|---|---|")
        compare(before, after, rest)


if __name__ == "__main__":
    main()
