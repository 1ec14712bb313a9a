"""A small moving shot with its job, and a plan of it whose numbers are the same on every machine."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import pytest

from dvm_core.bridge.job import MatteJob
from dvm_core.bridge.settings import Settings
from dvm_core.farm import plan as plans
from dvm_core.farm.pins import pin
from dvm_core.pipeline import run_job
from dvm_core.pipeline.memory import MemoryPlan

FRAMES = range(1001, 1010)
GOLDEN = Path(__file__).parents[1] / "golden" / "farm"


def write(path, pixels, kind="half"):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.atleast_3d(pixels)
    spec = oiio.ImageSpec(pixels.shape[1], pixels.shape[0], pixels.shape[2], kind)
    spec.attribute("DateTime", "")  # not the time of day: two clips are the same to the last byte
    output = oiio.ImageOutput.create(str(path))
    assert output.open(str(path), spec)
    assert output.write_image(np.ascontiguousarray(pixels))
    output.close()


class Clip:
    """A disc with a soft edge that crosses a textured wall, nine frames from 1001."""

    def __init__(self, folder):
        self.folder = folder
        texture = np.random.default_rng(3).random((40, 56, 3), dtype=np.float32)
        y, x = np.mgrid[:40, :56]
        for index, frame in enumerate(FRAMES):
            distance = np.hypot(y - 20, x - 18 - 2 * index) / 40
            alpha = np.clip((0.3 - distance) * 8 + 0.5, 0, 1).astype(np.float32)[..., None]
            write(self.plate(frame), alpha * (0.6 + 0.4 * texture[::-1]) + (1 - alpha) * 0.3 * texture)
            trimap = np.where(distance < 0.2, 255, np.where(distance > 0.4, 0, 128)).astype(np.uint8)
            write(self.trimap(frame), trimap, "uint8")

    def plate(self, frame):
        return self.folder / f"plates/sh010.{frame}.exr"

    def trimap(self, frame):
        return self.folder / f"trimaps/sh010.{frame}.png"

    def key(self, frame):
        return self.folder / f"keys/key.{frame}.png"

    def paint_keys(self, frames):
        """Its trimaps of some frames as keyframes; gives what a job says to take them."""
        for frame in frames:
            self.key(frame).parent.mkdir(exist_ok=True)
            shutil.copyfile(self.trimap(frame), self.key(frame))
        return {"trimap": f"{self.folder}/keys/key.####.png", "trimap_mode": "keyframes"}

    def put_right(self, frames):
        """Alphas of some frames as somebody finished them; gives what a job says to take them."""
        for frame in frames:
            write(self.folder / f"fixed/fix.{frame}.exr", np.full((40, 56), 0.75, np.float32))
        return {"corrected": f"{self.folder}/fixed/fix.####.exr"}

    def alpha(self, frame, out="mattes"):
        return self.folder / out / f"sh010.{frame}.exr"

    def alphas(self, out="mattes"):
        """The files that are there, with their bytes."""
        return {path.name: path.read_bytes() for path in sorted((self.folder / out).glob("sh010.*.exr"))}

    def job(self, out="mattes", **changes):
        settings = {"device": "cpu", "threads": 1, "tile": 64, **changes.pop("settings", {})}
        return MatteJob(
            plate=f"{self.folder}/plates/sh010.####.exr",
            trimap=changes.pop("trimap", f"{self.folder}/trimaps/sh010.####.png"),
            output=f"{self.folder}/{out}/sh010.####.exr",
            settings=Settings(**settings),
            **changes,
        )

    def job_file(self, name="job.json", **changes):
        path = self.folder / name
        path.write_text(json.dumps(self.job(**changes).to_dict()))
        return path


@pytest.fixture
def clip(tmp_path):
    return Clip(tmp_path)


@pytest.fixture(scope="module")
def shared_clip(tmp_path_factory):
    """A clip that tests only read, with its mattes from one process in `whole`."""
    clip = Clip(tmp_path_factory.mktemp("clip"))
    run_job(clip.job("whole"))
    return clip


@pytest.fixture
def plain_plan(clip, monkeypatch):
    """Plan the clip's job with numbers that do not depend on the machine or on the weights."""
    monkeypatch.delenv("OCIO", raising=False)

    def fixed(job, **options):
        pinned = pin(job, **{**options, "kernels": "cpu-avx2"})
        return replace(pinned, memory=MemoryPlan(64, 2 << 30, 8 << 30, 2))

    monkeypatch.setattr(plans, "pin", fixed)

    def make(chunks=None, **changes):
        settings = {"threads": 4, "max_memory": "8G", **changes.pop("settings", {})}
        return plans.plan(clip.job(settings=settings, **changes), chunks)

    return make


@pytest.fixture
def golden(clip):
    """Compare text with a file of tests/golden/farm; DVM_WRITE_GOLDEN=1 writes it instead."""

    def compare(name, text):
        import dvm_core

        text = text.replace(str(clip.folder), "/shots").replace(dvm_core.__version__, "VERSION")
        path = GOLDEN / name
        if os.environ.get("DVM_WRITE_GOLDEN"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        assert text == path.read_text()

    return compare


@pytest.fixture
def openjd(tmp_path):
    """Run `openjd run` on a bundle; the engine is found on PATH, as on a farm's machine."""

    def run(bundle, *arguments):
        environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "TMPDIR": str(tmp_path),
        }
        words = ["run", str(bundle / "template.yaml"), "-p", f"file://{bundle / 'parameters.yaml'}", *arguments]
        return subprocess.run(
            [sys.executable, "-m", "openjd", *words], capture_output=True, text=True, env=environment, timeout=600
        )

    return run


@pytest.fixture
def image_writer():
    return write
