"""Images written by hand, so that every value that a reader should find is known."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import pytest

REPOSITORY = Path(__file__).parents[2]


def write_image(path, pixels, channels=None, *, dtype="half", origin=(0, 0), display=None, tile=0, **attributes):
    """Write (h, w, c) pixels; `display` is (x, y, width, height); attribute names spell `:` as `__`."""
    spec = oiio.ImageSpec(pixels.shape[1], pixels.shape[0], pixels.shape[2], dtype)
    spec.x, spec.y = origin
    spec.full_x, spec.full_y, spec.full_width, spec.full_height = display or (*origin, spec.width, spec.height)
    if channels:
        spec.channelnames = tuple(channels)
    spec.tile_width = spec.tile_height = tile
    for name, value in attributes.items():
        spec.attribute(name.replace("__", ":"), value)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    output = oiio.ImageOutput.create(str(path))
    assert output.open(str(path), spec), output.geterror()
    assert output.write_image(np.ascontiguousarray(pixels, np.float32)), output.geterror()
    assert output.close()
    return Path(path)


def write_parts(path, parts):
    """Write a multi-part EXR of (pixels, channels, attributes)."""
    specs = []
    for pixels, channels, attributes in parts:
        spec = oiio.ImageSpec(pixels.shape[1], pixels.shape[0], pixels.shape[2], "half")
        spec.channelnames = tuple(channels)
        for name, value in attributes.items():
            spec.attribute(name.replace("__", ":"), value)
        specs.append(spec)
    output = oiio.ImageOutput.create(str(path))
    assert output.open(str(path), tuple(specs)), output.geterror()
    for index, (pixels, _, _) in enumerate(parts):
        assert index == 0 or output.open(str(path), specs[index], "AppendSubimage"), output.geterror()
        assert output.write_image(np.ascontiguousarray(pixels, np.float32)), output.geterror()
    assert output.close()
    return Path(path)


def srgb(linear):
    """The sRGB curve of IEC 61966-2-1, in double precision."""
    linear = np.asarray(linear, np.float64)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 0.0031308) ** (1 / 2.4) - 0.055)


@pytest.fixture(name="write_image")
def _write_image():
    return write_image


@pytest.fixture(name="write_parts")
def _write_parts():
    return write_parts


@pytest.fixture(name="srgb")
def _srgb():
    return srgb


@pytest.fixture
def noise():
    """Repeatable random pixels (h, w, c) in [0, 0.8): below the knee of the roll-off even when encoded."""
    return lambda *shape: np.random.default_rng(7).random(shape, np.float32) * np.float32(0.8)


@pytest.fixture
def damaged():
    """Folder of damaged EXR files."""
    return REPOSITORY / "tests" / "data" / "damaged"


@pytest.fixture
def shared():
    """Images of the OpenEXR project, where they stand beside the repository."""
    folder = REPOSITORY.parent / "shared" / "data" / "openexr-images"
    if not folder.is_dir():
        pytest.skip("the OpenEXR test images do not stand beside the repository")
    return folder


@pytest.fixture
def run_python():
    """Run code in a fresh interpreter, for what is settled once a process; gives what it prints."""

    def run(code, **environment):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            env={**os.environ, "PYTHONPATH": str(REPOSITORY), **environment},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run
