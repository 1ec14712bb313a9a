"""Chromaticities in a file's header: a space with a name, or the matrix that leads to Rec.709."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_D65 = (0.3127, 0.3290)
_ACES_WHITE = (0.32168, 0.33767)
_REC709 = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, *_D65)
_NAMED = {
    "lin_rec709_scene": _REC709,
    "lin_ap0_scene": (0.7347, 0.2653, 0.0, 1.0, 0.0001, -0.077, *_ACES_WHITE),
    "lin_ap1_scene": (0.713, 0.293, 0.165, 0.830, 0.128, 0.044, *_ACES_WHITE),
    "lin_rec2020_scene": (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, *_D65),
    "lin_p3d65_scene": (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, *_D65),
    "lin_adobergb_scene": (0.64, 0.33, 0.21, 0.71, 0.15, 0.06, *_D65),
}
_XYZ = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
_TOLERANCE = 5e-4

_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
"""Cone responses for chromatic adaptation (Lam 1985), as ICC and ACES use them."""


def primaries_of_space(name: str) -> tuple[float, ...]:
    """Chromaticities of a linear space in the order of the EXR attribute; empty where they are not known."""
    return _NAMED.get(name, ())


def space_of_primaries(chromaticities: tuple[float, ...]) -> str:
    """Name of the linear space with these primaries and white, or "" if it has none.

    Args:
        chromaticities: x and y of red, green, blue and white, in the order of the EXR attribute.
    """
    for name, known in _NAMED.items():
        if np.allclose(chromaticities, known, atol=_TOLERANCE):
            return name
    return ""


def matrix_to_rec709(chromaticities: tuple[float, ...]) -> NDArray[np.float64]:
    """Matrix (3, 3) that brings linear colour columns of these primaries to Rec.709.

    White stays white (Bradford), except that XYZ stays what it is: tristimulus values are absolute, whatever white is
    written beside them.

    Raises:
        ValueError: The numbers are no primaries: not finite, or on one line.
    """
    theirs, their_white = _rgb_to_xyz(chromaticities)
    ours, our_white = _rgb_to_xyz(_REC709)
    if np.allclose(chromaticities[:6], _XYZ, atol=_TOLERANCE):
        return np.asarray(np.linalg.inv(ours))
    adapt = np.linalg.solve(_BRADFORD, np.diag((_BRADFORD @ our_white) / (_BRADFORD @ their_white)) @ _BRADFORD)
    return np.asarray(np.linalg.solve(ours, adapt @ theirs))


def _rgb_to_xyz(chromaticities: tuple[float, ...]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Matrix (3, 3) from linear RGB to XYZ, and the white that (1, 1, 1) becomes (SMPTE RP 177)."""
    x, y = np.asarray(chromaticities, np.float64).reshape(4, 2).T
    xyz = np.stack([x, y, 1 - x - y])
    if not np.isfinite(xyz).all() or abs(np.linalg.det(xyz[:, :3])) < 1e-6 or abs(y[3]) < 1e-6:
        raise ValueError(f"chromaticities {chromaticities} are no primaries")
    white = xyz[:, 3] / y[3]
    return xyz[:, :3] * np.linalg.solve(xyz[:, :3], white), white
