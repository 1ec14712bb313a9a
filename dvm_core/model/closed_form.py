"""Closed-form matting, frame by frame: no weights, no time, always there to compare with.

Levin, Lischinski and Weiss, *A Closed-Form Solution to Natural Image Matting*, solved by PyMatting on the unknown
region's bounding box. Known pixels further than two pixels from every unknown one have no say in the equations
(section 4: a 3x3 window couples its own pixels only), so the box gives what the whole frame gives.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from dvm_core.bridge.errors import DvmError
from dvm_core.model import colour_line
from dvm_core.model.classical import pymatting
from dvm_core.model.layout import channels_first, tensor_of
from dvm_core.model.network import Window

REACH = 2
"""Pixels that one window couples."""

LARGEST_BOX = 1 << 20
"""Pixels that are solved at once: the equations take about 2.5 kB for each. Larger boxes are solved reduced."""

REGULARISATION = (1e-7, 1e-5, 1e-3)
"""The published one, then stronger ones (smoother alphas) for frames whose equations do not converge."""

NOTHING_KNOWN = 0.5
"""Alpha of a frame that is unknown throughout: nothing in it says which side is which."""

GUIDE_RADIUS = 2
"""Window of the colour lines that carry a reduced solution to full resolution."""

Image = NDArray[np.float32]
Double = NDArray[np.float64]
Mask = NDArray[np.bool_]


class ClosedForm(nn.Module):
    """PyMatting's closed-form matting behind the interface of the registry; it has no parameters."""

    architecture = "closed-form"
    window = Window(past=0, future=0)

    def alpha(self, plate: Image, trimap: NDArray[np.uint8]) -> Image:
        """Matte one frame.

        With known pixels of one kind only around the unknown region, the answer is that kind throughout, which is
        where the energy is least; with none at all it is `NOTHING_KNOWN`.

        Args:
            plate: (H, W, 3), display-referred, in [0, 1]; NaN counts as 0.
            trimap: (H, W) of 0, 128 and 255.

        Returns:
            (H, W) float32 in [0, 1], never NaN, exactly 0 and 1 where the trimap is known.

        Raises:
            DvmError: The equations do not converge at any regularisation.
        """
        known: Image = (trimap == 255).astype(np.float32)
        unknown = (trimap != 0) & (trimap != 255)
        if not unknown.any():
            return known
        box = _box(unknown)
        picture = np.nan_to_num(plate[box], nan=0.0, posinf=1.0, neginf=0.0).clip(0, 1)
        alpha = _solve_box(picture, known[box], unknown[box])
        np.copyto(known[box], alpha, where=unknown[box])
        return known


def _box(unknown: Mask) -> tuple[slice, slice]:
    """Rows and columns of the unknown region and what its windows reach."""
    rows, columns = np.flatnonzero(unknown.any(axis=1)), np.flatnonzero(unknown.any(axis=0))
    return (
        slice(max(int(rows[0]) - REACH, 0), int(rows[-1]) + REACH + 1),
        slice(max(int(columns[0]) - REACH, 0), int(columns[-1]) + REACH + 1),
    )


def _solve_box(picture: Image, known: Image, unknown: Mask) -> Image:
    scale = float(np.sqrt(LARGEST_BOX / unknown.size))
    if scale >= 1:
        return _solve(picture, known, unknown)
    size = (max(round(unknown.shape[1] * scale), 3), max(round(unknown.shape[0] * scale), 3))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    # A reduced pixel is unknown as soon as part of it is: what is known must be known for sure.
    small_unknown = cv2.resize(unknown.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0
    small_known = np.round(cv2.resize(known, size, interpolation=cv2.INTER_AREA))
    return _carry(small, _solve(small, small_known, small_unknown), picture)


def _solve(picture: Image, known: Image, unknown: Mask) -> Image:
    """Solve (h, w); the answer counts where `unknown`."""
    side = 2 * REACH + 1
    near = cv2.dilate(unknown.astype(np.uint8), np.ones((side, side), np.uint8)).astype(bool) & ~unknown
    if not near.any():
        return np.full_like(known, NOTHING_KNOWN)
    # Without both kinds in reach the right-hand side may vanish, where conjugate gradients divide zero by zero.
    if np.ptp(known[near]) == 0:
        return np.full_like(known, known[near][0])
    trimap = np.where(unknown, 0.5, known).astype(np.float64)
    padded = _converged(*_at_least_a_window(picture.astype(np.float64), trimap))
    return padded[: known.shape[0], : known.shape[1]]


def _at_least_a_window(picture: Double, trimap: Double) -> tuple[Double, ...]:
    """Repeat the last row and column of pictures that hold no 3x3 window."""
    rows, columns = (max(3 - length, 0) for length in trimap.shape)
    pad = ((0, rows), (0, columns))
    return np.pad(picture, (*pad, (0, 0)), mode="edge"), np.pad(trimap, pad, mode="edge")


def _converged(picture: Double, trimap: Double) -> Image:
    for epsilon in REGULARISATION:
        try:
            alpha: Double = pymatting().estimate_alpha_cf(picture, trimap, laplacian_kwargs={"epsilon": epsilon})
        except ValueError:  # no convergence, or no incomplete Cholesky factors
            continue
        if np.isfinite(alpha).all():
            return alpha.astype(np.float32)
    raise DvmError(
        "Expected closed-form matting to converge, found that it did not; widen the known regions of the trimap."
    )


@torch.inference_mode()
def _carry(small: Image, alpha: Image, picture: Image) -> Image:
    """Bring a reduced alpha to full resolution: alpha = a . colour + b in every window (section 6, coarse to fine)."""
    lines = colour_line.of_picture(_maps(small), _maps(alpha[..., None]), GUIDE_RADIUS)
    fine = functional.interpolate(lines, picture.shape[:2], mode="bilinear", align_corners=False)
    carried: Image = colour_line.evaluate(fine, _maps(picture))[0, 0].numpy()
    return carried.clip(0, 1)


def _maps(pixels: Image) -> Tensor:
    return channels_first(tensor_of(pixels))
