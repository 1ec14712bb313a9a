"""A tiny shot on disk, and engines that misbehave."""

import sys
import textwrap
from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import pytest

from dvm_core.bridge.client import Worker
from dvm_core.bridge.job import MatteJob


def _write(path, pixels, kind):
    spec = oiio.ImageSpec(pixels.shape[1], pixels.shape[0], pixels.shape[2], kind)
    output = oiio.ImageOutput.create(str(path))
    assert output.open(str(path), spec), oiio.geterror()
    assert output.write_image(np.ascontiguousarray(pixels)), output.geterror()
    output.close()


@pytest.fixture
def make_job(tmp_path):
    """Make a job of some frames from 1001 on, each a link to the same picture: a disc on a textured wall."""

    def make(frames=2, side=32, out="out", **fields):
        source = tmp_path / f"source{side}"
        if not source.exists():
            source.mkdir()
            y, x = np.mgrid[:side, :side]
            distance = np.hypot(y - side / 2, x - side / 2)[..., None] / side
            texture = np.random.default_rng(1).random((side, side, 3), dtype=np.float32)
            _write(source / "plate.exr", np.where(distance < 0.3, 0.5 + texture / 2, texture / 2), "half")
            trimap = np.where(distance < 0.2, 255, np.where(distance > 0.4, 0, 128)).astype(np.uint8)
            _write(source / "trimap.png", trimap, "uint8")
        for number in range(1001, 1001 + frames):
            for name, suffix in (("plate", "exr"), ("trimap", "png")):
                link = source / f"{name}.{number}.{suffix}"
                if not link.exists():
                    link.hardlink_to(source / f"{name}.{suffix}")
        values = {
            "plate": str(source / "plate.####.exr"),
            "trimap": str(source / "trimap.####.png"),
            "output": str(tmp_path / out / "alpha.####.exr"),
            "range": f"1001-{1000 + frames}",
            "model": "closed-form",
            **fields,
        }
        return MatteJob(**values)

    return make


@pytest.fixture
def engine(tmp_path):
    """Make an engine of a few lines of Python, in place of the real one; gives the path to name as its Python."""

    def make(program):
        path = tmp_path / "engine"
        path.write_text(f"#!{sys.executable}\nimport json, os, sys, time\n" + textwrap.dedent(program))
        path.chmod(0o755)
        return str(path)

    return make


@pytest.fixture
def make_worker():
    """Make workers that are gone when the test ends."""
    workers = []

    def make(python=sys.executable, **options):
        workers.append(Worker(python, **options))
        return workers[-1]

    yield make
    for worker in workers:
        worker.stop()


@pytest.fixture(scope="session")
def bridge_folder():
    return Path(__file__).parents[2] / "dvm_core" / "bridge"
