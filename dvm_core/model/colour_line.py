"""Colour lines: alpha as an affine function of colour, fitted around each place.

After Levin et al., *A Closed-Form Solution to Natural Image Matting*: within a small window foreground and background
colours each lie about on a line, so alpha is about `a . I + b` there (equation 3 of that paper). Given a guess of alpha
and how far to trust it, the `a` and `b` of a window follow from its weighted moments in closed form; a guided filter
(He et al., *Guided Image Filtering*) is this with equal trust. Two things follow that a convolution cannot do: detail
of the plate reaches alpha at full resolution from lines that were fitted at a quarter of it, and moments of several
frames may be added, since a line lives in colour, not in place: what moved a few pixels still says the same about which
colour is foreground.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor
from torch.nn import functional

MOMENTS = 14
"""Channels of `moments`: weight, colour (3), products of colours (6), alpha, alpha times colour (3); all weighted."""

LINE = 4
"""Channels of a line: slope for each colour, and offset."""

_PAIRS = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
_MIDDLE = 0.5  # colours are taken from here, so that their products lose fewer digits
_RIDGE = 2e-5  # variance that is grain: keeps slopes small where a window has but one colour
_BAND = 64  # rows of cells that are fitted at a time: in double precision a whole large frame would fill the memory
_EMPTY = 1e-4  # weight that stands for "nobody knows"


def moments(plate: Tensor, alpha: Tensor, weight: Tensor) -> Tensor:
    """What the cells of a frame add to a fit.

    Args:
        plate: (N, 3, h, w), display-referred in [0, 1], float32.
        alpha: (N, 1, h, w).
        weight: (N, 1, h, w), not negative.

    Returns:
        (N, `MOMENTS`, h, w) float32.
    """
    colour = plate - _MIDDLE
    products = [colour[:, i : i + 1] * colour[:, j : j + 1] for i, j in _PAIRS]
    parts = [torch.ones_like(alpha), colour, *products, alpha, colour * alpha]
    return torch.cat(parts, dim=1) * weight


def of_picture(plate: Tensor, alpha: Tensor, radius: int) -> Tensor:
    """Lines of an alpha that is trusted everywhere.

    Args:
        plate: (N, 3, h, w), as in `moments`.
        alpha: (N, 1, h, w).
        radius: Of a window, in pixels.

    Returns:
        (N, `LINE`, h, w).
    """
    return fit(moments(plate, alpha, torch.ones_like(alpha)), radius)


def fit(pooled: Tensor, radius: int) -> Tensor:
    """Lines of all windows, each then averaged with those of the windows around it.

    Args:
        pooled: (N, `MOMENTS`, h, w), float32: `moments`, of several frames added up if there are some.
        radius: Of a window, in cells.

    Returns:
        (N, `LINE`, h, w); alpha is `evaluate` of it.
    """
    rows, reach = pooled.shape[2], 2 * radius
    if rows <= _BAND or torch.is_grad_enabled():
        return _fit(pooled, radius)
    bands = []
    for top in range(0, rows, _BAND):
        above, below = max(top - reach, 0), min(top + _BAND + reach, rows)
        bands.append(_fit(pooled[:, :, above:below], radius)[:, :, top - above : top - above + _BAND])
    return torch.cat([band[:, :, : rows - top] for top, band in zip(range(0, rows, _BAND), bands, strict=True)], dim=2)


def _fit(pooled: Tensor, radius: int) -> Tensor:
    sums = _box(pooled.double(), radius)  # a variance is a small difference of large numbers
    weight = sums[:, :1]
    lines = torch.cat(_solve(sums / (weight + _EMPTY)), dim=1)
    return (_box(lines * weight, radius) / (_box(weight, radius) + _EMPTY)).to(pooled.dtype)


def evaluate(lines: Tensor, plate: Tensor) -> Tensor:
    """Alpha of a plate by its lines.

    Args:
        lines: (N, `LINE`, H, W).
        plate: (N, 3, H, W), as in `moments`.

    Returns:
        (N, 1, H, W), not bounded.
    """
    return (lines[:, :3] * (plate - _MIDDLE)).sum(dim=1, keepdim=True) + lines[:, 3:]


def _box(maps: Tensor, radius: int) -> Tensor:
    """Sums over square windows; nothing stands outside the frame."""
    rows = _runs(functional.pad(maps, (0, 0, radius, radius)), 2 * radius + 1, axis=2)
    return _runs(functional.pad(rows, (radius, radius)), 2 * radius + 1, axis=3)


def _runs(maps: Tensor, length: int, axis: int) -> Tensor:
    """Sums of so many neighbours along an axis, by doubling: runs of 9 take four additions."""
    outputs = maps.shape[axis] - length + 1
    total: Tensor | None = None
    doubled, size, start = maps, 1, 0
    while size <= length:
        if length & size:
            part = doubled.narrow(axis, start, outputs)
            total, start = part if total is None else total + part, start + size
        left = doubled.shape[axis] - size
        if 2 * size <= length:
            doubled = doubled.narrow(axis, 0, left) + doubled.narrow(axis, size, left)
        size *= 2
    return cast(Tensor, total)


def _solve(mean: Tensor) -> list[Tensor]:
    """Slopes and offset from normalised moments, by the LDL factors of the colours' covariance.

    The adjugate would be shorter, but loses all digits where a window's colours lie on a line, as they mostly do.
    """
    red, green, blue = (mean[:, 1 + i : 2 + i] for i in range(3))
    own = (red, green, blue)
    alpha = mean[:, 10:11]
    c = {(i, j): mean[:, 4 + k : 5 + k] - own[i] * own[j] for k, (i, j) in enumerate(_PAIRS)}
    y0, y1, y2 = (mean[:, 11 + i : 12 + i] - own[i] * alpha for i in range(3))
    d0 = c[0, 0].clamp_min(0.0) + _RIDGE
    l10, l20 = c[0, 1] / d0, c[0, 2] / d0
    d1 = (c[1, 1] - l10 * c[0, 1]).clamp_min(0.0) + _RIDGE
    c12 = c[1, 2] - l20 * c[0, 1]
    l21 = c12 / d1
    d2 = (c[2, 2] - l20 * c[0, 2] - l21 * c12).clamp_min(0.0) + _RIDGE
    z1 = y1 - l10 * y0
    z2 = y2 - l20 * y0 - l21 * z1
    b = z2 / d2
    g = z1 / d1 - l21 * b
    r = y0 / d0 - l10 * g - l20 * b
    return [r, g, b, alpha - r * red - g * green - b * blue]
