import sys

import cv2
import numpy as np
import pytest
from matplotlib.axes import Axes

from dvm_core.training.curves import draw_curves

HISTORY = [{"step": 10.0 * at, "seconds": 1.0, "total": 4.0 / at} for at in range(1, 31)]
HISTORY += [{"step": 100.0 * at, "seconds": 1.0, "mae": 0.3 / at} for at in range(1, 4)]


@pytest.fixture
def drawn(monkeypatch):
    """What was plotted: steps and values of each curve."""
    curves = []
    semilogy = Axes.semilogy

    def recorded(axes, steps, values):
        curves.append((steps, values))
        return semilogy(axes, steps, values)

    monkeypatch.setattr(Axes, "semilogy", recorded)
    return curves


def test_the_picture_shows_losses_smoothed_and_each_validation(tmp_path, drawn):
    assert draw_curves(HISTORY, tmp_path / "run.png")
    loss, validation = drawn
    assert loss[0] == [10.0 * at for at in range(1, 31)]
    assert loss[1][29] == pytest.approx(np.mean([4.0 / at for at in range(11, 31)]))
    assert validation == ([100.0, 200.0, 300.0], pytest.approx([0.3, 0.15, 0.1]))
    assert cv2.imread(str(tmp_path / "run.png")).shape == (400, 800, 3)


def test_a_run_that_has_logged_nothing_yet_can_be_drawn(tmp_path):
    assert draw_curves([], tmp_path / "run.png")


def test_without_matplotlib_there_is_no_picture(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert not draw_curves(HISTORY, tmp_path / "run.png")
    assert not (tmp_path / "run.png").exists()
