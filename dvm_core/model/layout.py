"""How pixels become maps."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def tensor_of(array: NDArray[np.generic]) -> Tensor:
    """A tensor of an array, copied only if it may not be written, which torch minds."""
    return torch.from_numpy(np.require(array, requirements="W"))


def channels_first(pixels: Tensor) -> Tensor:
    """(H, W, C) as (1, C, H, W), the same memory.

    The batch axis comes first: added last, its stride would be that of a pixel, and though such a tensor counts as
    channels_last, torch puts what is made of it into the other order, which every convolution then must undo.
    """
    return pixels[None].permute(0, 3, 1, 2)
