"""What one frame looks like to trimap propagation: image features of a pretrained network beside the colour itself.

The network is the beginning of EfficientNet-Lite0 (Tan and Le, *EfficientNet*; Liu, the Lite variants), up to stride 8,
with its normalisation folded into the convolutions. It was trained on photographs of a thousand kinds of things, so its
maps tell cloth from grass where colour alone does not; nothing of it is trained here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from dvm_core.bridge.errors import ModelError
from dvm_core.model import weight_file

WEIGHTS = Path(__file__).resolve().parent.parent / "weights" / "propagation" / "features.safetensors"
ARCHITECTURE = "efficientnet-lite0-stride8"

STRIDE = 8
"""Of the coarsest map; pictures are padded to a multiple of it."""

COLOUR = 4.0
"""How much a squared difference in Lab, in hundreds, counts against a cosine of features."""

_BLOCKS = ((32, 16, 1, 3, 1), (16, 24, 6, 3, 2), (24, 24, 6, 3, 1), (24, 40, 6, 5, 2), (40, 40, 6, 5, 1))
"""Channels in, channels out, expansion, side of the kernel, stride."""
_LEVELS = (2, 4)  # blocks whose maps are kept: the last ones at strides 4 and 8
FLAWLESS = float(len(_LEVELS))
"""Similarity of equal pixels: one for each level's cosine, and no difference in colour.

Between the pixels of a coarse map less is reached, also by a pixel with itself: means of unit vectors are shorter.
"""


class _Block(nn.Module):
    """Inverted residual: widen, filter each channel, narrow."""

    def __init__(self, inputs: int, outputs: int, expansion: int, side: int, stride: int) -> None:
        super().__init__()
        inside = inputs * expansion
        self.expand = nn.Conv2d(inputs, inside, 1) if expansion > 1 else None
        self.filter = nn.Conv2d(inside, inside, side, stride, side // 2, groups=inside)
        self.project = nn.Conv2d(inside, outputs, 1)
        self.shortcut = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, h, w) to (N, outputs, h / stride, w / stride)."""
        inside = x if self.expand is None else functional.relu6(self.expand(x))
        out: Tensor = self.project(functional.relu6(self.filter(inside)))
        return x + out if self.shortcut else out


class Features(nn.Module):
    """EfficientNet-Lite0 up to stride 8."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 32, 3, 2, 1)
        self.blocks = nn.ModuleList(_Block(*numbers) for numbers in _BLOCKS)

    def forward(self, picture: Tensor) -> list[Tensor]:
        """Map (N, 3, h, w), display-referred in [0, 1], to maps at strides 4 (24 channels) and 8 (40)."""
        x = functional.relu6(self.stem(picture * 2.0 - 1.0))
        maps = []
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in _LEVELS:
                maps.append(x)
        return maps


@dataclass(frozen=True)
class Appearance:
    """A picture made comparable: the dot product of a `query` and a `reference` pixel is their similarity.

    It is the sum of the levels' cosines less `COLOUR` times the squared difference in Lab, so `FLAWLESS` at most.

    Attributes:
        query: (1, C, h, w) float32.
        reference: The same shape.
    """

    query: Tensor
    reference: Tensor


@torch.inference_mode()
def describe(picture: NDArray[np.float32]) -> Appearance:
    """Compute the appearance of a picture.

    Args:
        picture: (h, w, 3), display-referred RGB in [0, 1].

    Raises:
        ModelError: The shipped weights are missing or damaged.
    """
    cosines = _cosines(picture)
    lab = torch.from_numpy(cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)).permute(2, 0, 1)[None] * (COLOUR**0.5 / 100)
    # -|a - b|^2 = 2 a.b - |a|^2 - |b|^2 as a dot product, so that one correlation serves features and colour.
    square, one = -lab.square().sum(1, keepdim=True), torch.ones_like(lab[:, :1])
    return Appearance(torch.cat([*cosines, 2 * lab, square, one], 1), torch.cat([*cosines, lab, one, square], 1))


@torch.inference_mode()
def deep_features(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """The network's maps alone, of length 1 in each level, (h, w, C); argument and errors as of `describe`."""
    return np.asarray(torch.cat(_cosines(picture), 1)[0].permute(1, 2, 0).numpy())


def _cosines(picture: NDArray[np.float32]) -> list[Tensor]:
    """Maps of all levels, (1, C, h, w) each, normalised to length 1 before they were brought to the picture's size."""
    height, width = picture.shape[:2]
    padded = cv2.copyMakeBorder(picture, 0, -height % STRIDE, 0, -width % STRIDE, cv2.BORDER_REPLICATE)
    maps = _features()(torch.from_numpy(padded).permute(2, 0, 1)[None])
    size = padded.shape[:2]
    return [
        functional.interpolate(functional.normalize(level, dim=1), size, mode="bilinear")[..., :height, :width]
        for level in maps
    ]


@cache
def _features() -> Features:
    record, weights = weight_file.read(WEIGHTS)
    if record.architecture != ARCHITECTURE:
        raise ModelError(
            f"Expected weights of {ARCHITECTURE} in {WEIGHTS}, found {record.architecture}; install dvm_core again.",
            path=WEIGHTS,
        )
    network = Features()
    network.load_state_dict({name: weight.float() for name, weight in weights.items()})
    return network.eval()
