"""Green-screen frames: what a key can know exactly, and what the card's light does."""

import numpy as np
import pytest


def test_the_plain_key_is_exact_on_grey_before_an_even_card():
    from benchmarks.evaluation.greenscreen import CARD, chroma_difference

    alpha = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
    plate = alpha[..., None] * np.float32(0.3) + (1 - alpha[..., None]) * CARD
    assert chroma_difference(plate, CARD) == pytest.approx(alpha, abs=1e-5)


def test_the_cards_light_is_green_strongest_at_the_edge_and_gone_far_inside():
    from benchmarks.evaluation.greenscreen import spilled

    alpha = np.zeros((200, 400), np.float32)
    alpha[:, 100:300] = 1
    grey = np.full((200, 400, 3), 0.3, np.float32)
    added = spilled(grey, alpha) - grey
    assert (added[..., 1] >= added[..., 0]).all()
    assert added[100, 101, 1] > 3 * added[100, 130, 1]
    assert added[100, 200, 1] < 1e-4


def test_the_clean_colour_is_the_foregrounds_own():
    from benchmarks.evaluation.clips import FOREGROUNDS
    from benchmarks.evaluation.greenscreen import green_frame
    from benchmarks.evaluation.pictures import read_foreground

    made = green_frame("long_hair", 0)
    colour, alpha = read_foreground(FOREGROUNDS / "long_hair", 0)
    assert (made.foreground == colour).all()
    assert (made.alpha == alpha).all()
    solid = alpha == 1
    excess = made.plate[solid] - colour[solid]
    assert excess[:, 1].mean() > 2 * excess[:, 0].mean() > 0  # the truth is not what stands in the plate
