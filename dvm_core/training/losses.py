"""The losses of deep video matting, each a mean over the pixels that it judges.

All take alphas as (N, 1, H, W) in [0, 1] and a boolean mask of the same shape, the trimap's unknown region, and give a
scalar; an empty mask gives 0. Sources: Sun et al., Deep Video Matting via Spatio-Temporal Alignment and Aggregation
(CVPR 2021), and where named there Xu et al., Deep Image Matting (CVPR 2017); the Laplacian loss is from
Hou and Liu, Context-Aware Image Matting (ICCV 2019), equation 3.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

SMALLEST = 1e-3
"""Alphas are kept this far from 0 and 1 inside logarithms."""


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean of the values where the mask is set; 0 where it nowhere is."""
    weight = mask.to(values.dtype)
    return (values * weight).sum() / weight.sum().clamp(min=1.0)


def soft_alpha(predicted: Tensor, truth: Tensor, unknown: Tensor) -> Tensor:
    """Mean absolute error of the mixed pixels, 0 < truth < 1."""
    return masked_mean((predicted - truth).abs(), unknown & (truth > 0) & (truth < 1))


def hard_alpha(predicted: Tensor, truth: Tensor, unknown: Tensor) -> Tensor:
    """Mean absolute error of the unknown pixels that are really opaque or really clear."""
    return masked_mean((predicted - truth).abs(), unknown & ((truth <= 0) | (truth >= 1)))


def composition(predicted: Tensor, truth: Tensor, unknown: Tensor, contrast: Tensor) -> Tensor:
    """Mean absolute difference of the plates composited by either alpha (Xu et al., equation 2).

    Args:
        predicted: (N, 1, H, W).
        truth: (N, 1, H, W).
        unknown: (N, 1, H, W), boolean.
        contrast: (N, C, H, W), true foreground minus true background: all that the composites differ by, times alpha.
    """
    return masked_mean(((predicted - truth) * contrast).abs().mean(dim=1, keepdim=True), unknown)


def gradient(predicted: Tensor, truth: Tensor, unknown: Tensor) -> Tensor:
    """Mean absolute difference of the Sobel gradients, both directions."""
    difference = (sobel(predicted) - sobel(truth)).abs().mean(dim=1, keepdim=True)
    return masked_mean(difference, unknown)


def sobel(alpha: Tensor) -> Tensor:
    """Sobel gradient in units of alpha a pixel, (N, 1, H, W) to (N, 2, H, W): along x, along y; borders repeat."""
    smooth, slope = alpha.new_tensor([1.0, 2.0, 1.0]) / 4.0, alpha.new_tensor([-1.0, 0.0, 1.0]) / 2.0
    kernels = torch.stack([torch.outer(smooth, slope), torch.outer(slope, smooth)])[:, None]
    slopes: Tensor = functional.conv2d(functional.pad(alpha, (1, 1, 1, 1), mode="replicate"), kernels)
    return slopes


def divergence(predicted: Tensor, truth: Tensor, unknown: Tensor) -> Tensor:
    """Mean Kullback-Leibler divergence of the predicted from the true alpha, each pixel a coin that falls opaque."""
    p = truth.clamp(SMALLEST, 1 - SMALLEST)
    # The gradient passes the bound: an alpha of exactly 0 or 1 that is wrong must still be pulled back.
    q = predicted + (predicted.clamp(SMALLEST, 1 - SMALLEST) - predicted).detach()
    values = p * (p.log() - q.log()) + (1 - p) * ((1 - p).log() - (1 - q).log())
    return masked_mean(values, unknown)


def laplacian(predicted: Tensor, truth: Tensor, unknown: Tensor, levels: int = 4) -> Tensor:
    """Mean absolute difference of Laplacian pyramids, level s weighted 2 ** s, each level over its own pixels.

    The error is taken as 0 outside the unknown region, where the alpha is known; H and W multiples of 2 ** levels.
    """
    error = (predicted - truth) * unknown.to(predicted.dtype)
    weight = unknown.to(predicted.dtype)
    total = error.new_zeros(())
    for level in range(levels):
        smaller = functional.avg_pool2d(error, 2)
        band = error - functional.interpolate(smaller, scale_factor=2.0, mode="bilinear", align_corners=False)
        total = total + (1 << level) * masked_mean(band.abs(), weight > 0)
        error, weight = smaller, functional.max_pool2d(weight, 2)
    total = total + (1 << levels) * masked_mean(error.abs(), weight > 0)
    return total / (1 << (levels + 1))


def temporal(predicted: Tensor, truth: Tensor, unknown: Tensor) -> Tensor:
    """Mean absolute difference of the changes from frame to frame.

    Args:
        predicted: (N, T, 1, H, W), consecutive frames.
        truth: The same shape.
        unknown: The same shape, boolean; a pair of frames is judged where both are unknown.
    """
    change = (predicted[:, 1:] - predicted[:, :-1]) - (truth[:, 1:] - truth[:, :-1])
    return masked_mean(change.abs(), unknown[:, 1:] & unknown[:, :-1])
