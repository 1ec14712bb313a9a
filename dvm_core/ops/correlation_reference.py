"""Local correlation in plain torch: the maths, the oracle of the tests, and what TorchScript exports.

    out[n, k, i, j] = mean over c of first[n, c, s i, s j] * second[n, c, s i + d dy, s j + d dx]

with k running over (2 radius + 1)^2 shifts, dy before dx, zero outside the map: the cost volume of Dosovitskiy et al.,
"FlowNet", section 3.
"""

import torch
from torch import Tensor
from torch.nn.functional import pad


def forward(first: Tensor, second: Tensor, radius: int, stride: int, dilation: int) -> Tensor:
    """Correlation of two maps.

    Args:
        first: (N, C, H, W).
        second: (N, C, H, W).
        radius: Largest shift, in steps of `dilation` pixels.
        stride: Distance of the rows and columns of `first` that are looked at.
        dilation: Distance of two shifts in pixels.

    Returns:
        (N, (2 radius + 1)^2, ceil(H / stride), ceil(W / stride)).
    """
    centre = first[:, :, ::stride, ::stride]
    padded = pad(second, [radius * dilation] * 4)
    shifts: list[Tensor] = []
    for dy in range(2 * radius + 1):
        for dx in range(2 * radius + 1):
            shifts.append((centre * _shifted(padded, first, dy * dilation, dx * dilation, stride)).mean(1))
    return torch.stack(shifts, 1)


def backward(
    grad: Tensor, first: Tensor, second: Tensor, radius: int, stride: int, dilation: int
) -> tuple[Tensor, Tensor]:
    """Gradients of `forward` by both maps, written out so that they run below autograd too.

    Args:
        grad: Gradient of the output (N, (2 radius + 1)^2, Ho, Wo).
        first: (N, C, H, W).
        second: (N, C, H, W).
        radius: As in `forward`.
        stride: As in `forward`.
        dilation: As in `forward`.
    """
    centre = first[:, :, ::stride, ::stride]
    border = radius * dilation
    padded = pad(second, [border] * 4)
    grad_first, grad_padded = torch.zeros_like(first), torch.zeros_like(padded)
    share = grad / first.shape[1]
    side = 2 * radius + 1
    for k in range(side * side):
        dy, dx = k // side * dilation, k % side * dilation
        share_k = share[:, k].unsqueeze(1)
        grad_first[:, :, ::stride, ::stride] += share_k * _shifted(padded, first, dy, dx, stride)
        _shifted(grad_padded, first, dy, dx, stride).add_(share_k * centre)
    height, width = first.shape[2], first.shape[3]
    return grad_first, grad_padded[:, :, border : border + height, border : border + width].contiguous()


def _shifted(padded: Tensor, like: Tensor, dy: int, dx: int, stride: int) -> Tensor:
    """The view of a padded map, (dy, dx) pixels from its corner, that covers every looked-at pixel of `like`."""
    return padded[:, :, dy : dy + like.shape[2] : stride, dx : dx + like.shape[3] : stride]
