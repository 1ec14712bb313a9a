"""Modulated deformable convolution in plain torch: the maths, the oracle of the tests, and what TorchScript exports.

Every output pixel p reads, for each kernel tap k, its deformable group's channels at the fractional position

    q = p * stride - padding + k * dilation + offset[p, k]

by bilinear interpolation (zero outside the map), scales them with mask[p, k], and multiplies by the tap's weights
(Zhu et al., "Deformable ConvNets v2", equation 1). A position that is NaN or infinite counts as outside: it adds
nothing and receives no gradient.
"""

import torch
from torch import Tensor
from torch.nn.functional import grid_sample


def split_raw(raw: Tensor) -> tuple[Tensor, Tensor]:
    """Split a raw offset-and-mask map into offsets and a mask.

    Args:
        raw: (N, 3 G K, Ho, Wo); the first two thirds are offsets, the last third is the mask before its sigmoid.

    Returns:
        Offsets (N, 2 G K, Ho, Wo) in pixels and the mask (N, G K, Ho, Wo) in (0, 1).
    """
    third = raw.shape[1] // 3
    return raw[:, : 2 * third], torch.sigmoid(raw[:, 2 * third :])


def forward(
    x: Tensor, offset: Tensor, mask: Tensor, weight: Tensor, stride: list[int], padding: list[int], dilation: list[int]
) -> Tensor:
    """Deformable convolution without bias; scripts and traces.

    Args:
        x: Features (N, C, H, W).
        offset: (N, 2 G K, Ho, Wo) in pixels, channel (g K + k) 2 + (0 for y, 1 for x).
        mask: (N, G K, Ho, Wo).
        weight: (O, C, kh, kw), K = kh kw.
        stride: Vertical, horizontal.
        padding: Vertical, horizontal.
        dilation: Vertical, horizontal.

    Returns:
        (N, O, Ho, Wo).
    """
    grid = _sampling_grid(x, offset, weight, stride, padding, dilation)
    scaled = _sample(x, grid) * _as_maps(mask, grid)
    return torch.matmul(weight.flatten(1), _columns(scaled, offset, weight)).view(
        x.shape[0], weight.shape[0], offset.shape[2], offset.shape[3]
    )


def backward(
    grad: Tensor,
    x: Tensor,
    offset: Tensor,
    mask: Tensor,
    weight: Tensor,
    geometry: tuple[list[int], list[int], list[int]],
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Gradients of `forward` by x, offset, mask and weight, written out so that they run below autograd too.

    Args:
        grad: Gradient of the output (N, O, Ho, Wo).
        x: As in `forward`, like the next three.
        offset: As in `forward`.
        mask: As in `forward`.
        weight: As in `forward`.
        geometry: Stride, padding and dilation.
    """
    height, width = x.shape[2], x.shape[3]
    grid = _sampling_grid(x, offset, weight, *geometry)
    sampled, scale = _sample(x, grid), _as_maps(mask, grid)
    flat_grad = grad.flatten(2)
    columns = _columns(sampled * scale, offset, weight)
    grad_weight = torch.matmul(flat_grad, columns.transpose(1, 2)).sum(0).view_as(weight)
    grad_columns = torch.matmul(weight.flatten(1).t(), flat_grad).view(sampled.shape)
    grad_mask = (grad_columns * sampled).sum(1).view_as(mask)
    grad_maps, grad_grid = torch.ops.aten.grid_sampler_2d_backward(
        grad_columns * scale, _group_maps(x, grid), grid, 0, 0, False, [True, True]
    )
    # The grid counts x before y and 2 / size a pixel; offsets count y before x, in pixels.
    grad_pixels = grad_grid.flip(3) * torch.tensor([2.0 / height, 2.0 / width], dtype=grid.dtype, device=grid.device)
    taps = weight.shape[2] * weight.shape[3]
    grad_pixels = grad_pixels.view(grid.shape[0], taps, offset.shape[2], offset.shape[3], 2)
    grad_offset = grad_pixels.permute(0, 1, 4, 2, 3).reshape(offset.shape)
    return grad_maps.view(x.shape), grad_offset, grad_mask, grad_weight


def _sampling_grid(
    x: Tensor, offset: Tensor, weight: Tensor, stride: list[int], padding: list[int], dilation: list[int]
) -> Tensor:
    """Positions to sample as `grid_sample` wants them: (N G, K Ho, Wo, 2), x before y, [-1, 1] over the whole map."""
    tap_rows, tap_cols = weight.shape[2], weight.shape[3]
    rows, cols = offset.shape[2], offset.shape[3]
    maps = offset.shape[0] * (offset.shape[1] // (2 * tap_rows * tap_cols))
    moves = offset.reshape(maps, tap_rows, tap_cols, 2, rows, cols)
    y = _steps(tap_rows, dilation[0], offset).view(-1, 1, 1, 1) + _steps(rows, stride[0], offset).view(-1, 1)
    x_ = _steps(tap_cols, dilation[1], offset).view(-1, 1, 1) + _steps(cols, stride[1], offset)
    y = y - padding[0] + moves[:, :, :, 0]
    x_ = x_ - padding[1] + moves[:, :, :, 1]
    # -2 pixels is outside of every map; NaN is replaced before it meets any arithmetic.
    outside = torch.logical_not(torch.isfinite(y) & torch.isfinite(x_))
    y = y.masked_fill(outside, -2.0).clamp(-2.0, x.shape[2] + 1.0)
    x_ = x_.masked_fill(outside, -2.0).clamp(-2.0, x.shape[3] + 1.0)
    grid = torch.stack([(2.0 * x_ + 1.0) / x.shape[3] - 1.0, (2.0 * y + 1.0) / x.shape[2] - 1.0], dim=-1)
    return grid.view(maps, tap_rows * tap_cols * rows, cols, 2)


def _steps(count: int, step: int, like: Tensor) -> Tensor:
    return torch.arange(count, dtype=like.dtype, device=like.device) * step


def _group_maps(x: Tensor, grid: Tensor) -> Tensor:
    """(N, C, H, W) to (N G, C / G, H, W)."""
    channels = x.shape[0] * x.shape[1] // max(grid.shape[0], 1)
    return x.reshape(grid.shape[0], channels, x.shape[2], x.shape[3])


def _as_maps(mask: Tensor, grid: Tensor) -> Tensor:
    """(N, G K, Ho, Wo) to (N G, 1, K Ho, Wo)."""
    return mask.reshape(grid.shape[0], 1, grid.shape[1], grid.shape[2])


def _sample(x: Tensor, grid: Tensor) -> Tensor:
    """Features at the grid's positions: (N G, C / G, K Ho, Wo)."""
    return grid_sample(_group_maps(x, grid), grid, mode="bilinear", padding_mode="zeros", align_corners=False)


def _columns(maps: Tensor, offset: Tensor, weight: Tensor) -> Tensor:
    """(N G, C / G, K Ho, Wo) to (N, C K, Ho Wo), rows in the order in which a weight (O, C, kh, kw) is flattened."""
    return maps.reshape(offset.shape[0], weight[0].numel(), offset.shape[2] * offset.shape[3])
