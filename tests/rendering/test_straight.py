"""Straight colour of a render, against what the colour was before it was premultiplied."""

import numpy as np


def _soft_disc(size=96):
    y, x = np.mgrid[:size, :size]
    distance = np.hypot(x - size / 2, y - size / 2)
    return np.clip((30 - distance) / 12, 0, 1).astype(np.float32)


def test_colour_comes_back_wherever_alpha_says_anything():
    from rendering.straight import straight

    alpha = _soft_disc()
    light = np.array([0.5, 0.1, 0.02], np.float32)
    picture = straight(np.dstack([alpha[..., None] * light, alpha]))
    display = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055) * 255
    assert np.abs(picture[alpha > 0.02][:, :3] - display).max() <= 1
    assert (picture[..., 3] == np.round(alpha * 255)).all()


def test_colour_goes_on_beyond_the_alpha_from_the_nearest_side():
    from rendering.straight import straight

    alpha = np.zeros((64, 64), np.float32)
    alpha[20:44, 10:20] = alpha[20:44, 44:54] = 1
    light = np.zeros((64, 64, 3), np.float32)
    light[:, :32, 0] = light[:, 32:, 2] = 0.6  # red on the left, blue on the right
    picture = straight(np.dstack([alpha[..., None] * light, alpha]))
    assert picture[32, 22, 0] > 150 > picture[32, 22, 2]
    assert picture[32, 42, 2] > 150 > picture[32, 42, 0]
    assert picture[2, 2, 0] > 50  # far away it is still the neighbourhood's colour, never black


def test_the_unevenness_of_small_alphas_is_not_magnified():
    from rendering.straight import straight

    rng = np.random.default_rng(4)
    alpha = np.full((64, 64), 0.0008, np.float32)
    alpha[16:48, 16:48] = 1.0
    light = alpha[..., None] * np.float32([0.3, 0.3, 0.3])
    light[alpha < 1] += rng.random((3072, 1), np.float32) * 0.0006  # as if one path in a thousand had hit a lamp
    faint = alpha < 1
    naive = np.clip(light[faint, 0] / alpha[faint], 0, 1) ** (1 / 2.4) * 255
    assert straight(np.dstack([light, alpha]))[faint, 0].std() < 0.4 * naive.std()


def test_an_empty_picture_is_empty():
    from rendering.straight import straight

    assert (straight(np.zeros((33, 17, 4), np.float32)) == 0).all()
