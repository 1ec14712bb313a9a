"""How pixels become maps."""

from __future__ import annotations

from torch import Tensor


def channels_first(pixels: Tensor) -> Tensor:
    """(H, W, C) as (1, C, H, W), the same memory.

    The batch axis comes first: added last, its stride would be that of a pixel, and though such a tensor counts as
    channels_last, torch puts what is made of it into the other order, which every convolution then must undo.
    """
    return pixels[None].permute(0, 3, 1, 2)
