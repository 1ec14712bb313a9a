"""A tiny shot on disk, and `dvm` as a function."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import pytest

from dvm_core.cli import main
from dvm_core.processes import here

HEIGHT, WIDTH = 33, 46
FRAMES = (1001, 1002, 1003, 1004)


@dataclass
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str


@pytest.fixture
def left_behind():
    """Puts what a killed writer of a file leaves beside it; gives its path."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()

    def put(path):
        part = path.with_name(f".{path.name}.{here()}-{ended.pid}-0.part")
        part.write_bytes(b"half")
        return part

    return put


def write_image(path, pixels, channels, kind="half", **windows):
    """Write (H, W, C) pixels; `windows` are attributes of the spec such as `full_width`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    spec = oiio.ImageSpec(pixels.shape[1], pixels.shape[0], pixels.shape[2], kind)
    spec.channelnames = channels
    for name, value in windows.items():
        setattr(spec, name, value)
    output = oiio.ImageOutput.create(str(path))
    assert output.open(str(path), spec), oiio.geterror()
    assert output.write_image(pixels), output.geterror()
    output.close()


def read_image(path):
    """Pixels of a file, (H, W, C) float32."""
    image = oiio.ImageBuf(str(path))
    assert not image.has_error, image.geterror()
    return image.get_pixels(oiio.FLOAT)


class Shot:
    """A disc that crosses a textured wall: plates, trimaps and true alphas in one folder."""

    def __init__(self, folder, frames=FRAMES, size=(HEIGHT, WIDTH)):
        self.folder = folder
        self.frames = frames
        self.size = size
        texture = np.random.default_rng(3).random((*size, 3), dtype=np.float32)
        for index, frame in enumerate(frames):
            distance = self._distance(index)
            alpha = np.clip((0.3 - distance) * 8 + 0.5, 0, 1).astype(np.float32)[..., None]
            self.write_plate(frame, alpha * (0.6 + 0.4 * texture[::-1]) + (1 - alpha) * 0.3 * texture)
            self.write_trimap(frame, np.where(distance < 0.2, 255, np.where(distance > 0.4, 0, 128)).astype(np.uint8))
            write_image(folder / f"truth.{frame:04d}.exr", alpha, ("A",), "float")

    def _distance(self, index):
        y, x = np.mgrid[: self.size[0], : self.size[1]]
        return np.hypot(y - self.size[0] / 2, x - self.size[1] * (0.45 + 0.03 * index)) / min(self.size)

    def write_plate(self, frame, pixels):
        write_image(self.folder / f"plate.{frame:04d}.exr", pixels.astype(np.float32), ("R", "G", "B"))

    def write_trimap(self, frame, trimap):
        write_image(self.folder / f"trimap.{frame:04d}.png", trimap[..., None], ("Y",), "uint8")

    def alpha(self, frame):
        return self.folder / f"alpha.{frame:04d}.exr"

    @property
    def plate(self):
        return str(self.folder / "plate.####.exr")

    @property
    def trimap(self):
        return str(self.folder / "trimap.####.png")

    @property
    def output(self):
        return str(self.folder / "alpha.####.exr")

    @property
    def arguments(self):
        """`dvm matte` of the whole shot, with the model that is quick on so small a picture."""
        return ["matte", self.plate, "--trimap", self.trimap, "-o", self.output, "--model", "closed-form"]


@pytest.fixture
def shot(tmp_path):
    return Shot(tmp_path / "shot")


@pytest.fixture
def make_shot():
    return Shot


@pytest.fixture
def image_writer():
    return write_image


@pytest.fixture
def image_reader():
    return read_image


@pytest.fixture
def dvm(capfd, monkeypatch):
    """Run `dvm` in this process; a traceback anywhere but in a report file fails the test."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["dvm", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        return Ran(ended.value.code or 0, out, err)

    yield run
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def start_dvm():
    """Start `dvm` as a process of its own; it is gone when the test ends."""
    started = []
    program = "from dvm_core.cli import main; main()"
    root = str(Path(__file__).parents[2])

    def start(*arguments, **options):
        environment = {**os.environ, "PYTHONPATH": root, "OMP_NUM_THREADS": "1"}
        process = subprocess.Popen(
            [sys.executable, "-c", program, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            **options,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
