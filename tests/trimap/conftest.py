"""Shots whose truth is known: a textured disc that moves over a textured wall."""

from dataclasses import dataclass

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray


@dataclass
class Shot:
    """Plates (T, H, W, 3) in [0, 1], alphas (T, H, W) and trimaps (T, H, W)."""

    plates: NDArray
    alphas: NDArray
    trimaps: NDArray


def _texture(seed, shape, colour, roughness=1.5):
    noise = np.random.default_rng(seed).random((*shape, 3), dtype=np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), roughness)
    noise = (noise - noise.mean()) / noise.std()
    return np.clip(np.float32(colour) + 0.12 * noise, 0, 1).astype(np.float32)


def trimap_of(alpha, band=3):
    mixed = ((alpha > 0.004) & (alpha < 0.996)).astype(np.uint8)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * band + 1, 2 * band + 1))
    return np.where(cv2.dilate(mixed, disc) > 0, 128, np.where(alpha > 0.5, 255, 0)).astype(np.uint8)


def make_shot(frames=6, shape=(96, 128), step=(4.0, 2.0), start=(40.0, 40.0), radius=20.0):
    """The disc's centre moves by `step` (x, y) pixels a frame."""
    wall, skin = _texture(1, shape, (0.25, 0.35, 0.5)), _texture(2, (128, 128), (0.75, 0.45, 0.25))
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    plates, alphas = [], []
    for t in range(frames):
        x, y = start[0] + t * step[0], start[1] + t * step[1]
        alpha = np.clip((radius - np.hypot(columns - x, rows - y)) / 2 + 0.5, 0, 1).astype(np.float32)
        moved = cv2.remap(skin, columns - x + 64, rows - y + 64, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        plates.append(alpha[..., None] * moved + (1 - alpha[..., None]) * wall)
        alphas.append(alpha)
    return Shot(np.stack(plates), np.stack(alphas), np.stack([trimap_of(alpha) for alpha in alphas]))


@pytest.fixture(scope="session")
def shot():
    return make_shot()


@pytest.fixture(scope="session")
def make():
    return make_shot
