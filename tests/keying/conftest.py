"""A green screen made by hand: a textured disc with a soft edge before an unevenly lit card."""

from dataclasses import dataclass

import cv2
import numpy as np
import pytest

CARD = np.array([0.045, 0.40, 0.085], np.float32)
SIZE = (120, 160)


@dataclass
class Scene:
    """A plate and what it was made of; `primary` is the channel that the card shines in."""

    plate: np.ndarray
    card: np.ndarray
    alpha: np.ndarray
    colour: np.ndarray
    primary: int = 1


def make_scene(*, primary=1, grain=0.005, spill=0.0, base=(0.35, 0.2, 0.15), seed=0, scale=1.0):
    """The disc stands for hair and cloth: its brightness varies by a factor of four."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)
    distance = np.hypot(y - 62, x - 78) + 3 * np.sin(np.arctan2(y - 62, x - 78) * 9)
    alpha = np.clip((36 - distance) / 6 + 0.5, 0, 1).astype(np.float32)
    light = (0.75 + 0.3 * x / SIZE[1] + 0.05 * np.sin(y / 17))[..., None]
    texture = np.exp(0.35 * cv2.GaussianBlur(rng.standard_normal(SIZE, np.float32), (0, 0), 2)[..., None] * 5)
    colour = (np.array(base, np.float32) * texture).astype(np.float32)
    card = (CARD * light).astype(np.float32)
    near = cv2.GaussianBlur(1 - alpha, (0, 0), 0.03 * SIZE[1])[..., None]
    lit = colour * (1 + spill * near * CARD / CARD[1])
    plate = alpha[..., None] * lit + (1 - alpha[..., None]) * card
    plate = (plate + grain * rng.standard_normal(plate.shape)).astype(np.float32)
    order = [0, 1, 2] if primary == 1 else [0, 2, 1]
    return Scene(scale * plate[..., order], scale * card[..., order], alpha, scale * colour[..., order], primary)


@pytest.fixture
def scene():
    return make_scene()


@pytest.fixture
def scene_maker():
    return make_scene
