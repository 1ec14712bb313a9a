"""Stills out of real Blender, small and few."""

import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
BLENDER = ROOT / ".venv-blender-5.0" / "bin" / "python"

pytestmark = [
    pytest.mark.host,
    pytest.mark.slow,
    pytest.mark.skipif(not BLENDER.exists(), reason="no Blender: make hosts HOSTS=5.0"),
]


def _render(folder, *options):
    command = [BLENDER, "-m", "rendering.stills", folder, "--size", "64", "--samples", "4", *options]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr[-2000:]
    return {path.name: cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in sorted(folder.glob("*.png"))}


@pytest.fixture(scope="module")
def stills(tmp_path_factory):
    return _render(tmp_path_factory.mktemp("stills"), "--count", "12")


def test_stills_are_square_with_alpha_from_nothing_to_something(stills):
    assert list(stills) == [f"{number:04d}.png" for number in range(12)]
    for picture in stills.values():
        assert picture.shape == (64, 64, 4)
        assert picture[..., 3].max() > 60
    assert sum(picture[..., 3].min() == 0 for picture in stills.values()) >= 10


def test_no_two_stills_are_alike(stills):
    pictures = list(stills.values())
    assert all(
        np.abs(first.astype(int) - second).mean() > 4
        for at, first in enumerate(pictures) for second in pictures[:at]
    )  # fmt: skip


def test_a_still_follows_from_its_number_and_the_seed(stills, tmp_path):
    again = _render(tmp_path / "same", "--first", "4", "--count", "5")
    other = _render(tmp_path / "other", "--first", "4", "--count", "5", "--seed", "1")
    assert np.abs(again["0004.png"].astype(int) - stills["0004.png"]).max() <= 2
    assert np.abs(other["0004.png"].astype(int) - stills["0004.png"]).mean() > 4
