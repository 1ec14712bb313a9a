"""A small shot, `dvm` in a shell, and the scenarios of `inside/` played in each Blender that `make hosts` made."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import OpenImageIO as oiio
import pytest

from dvm_core.install import lay_out

ROOT = Path(__file__).resolve().parents[3]
INSIDE = Path(__file__).parent / "inside"
EVERYDAY, OTHERS = "5.0", ("4.2", "4.5", "5.2")
HEIGHT, WIDTH = 64, 96
FRAMES = (1001, 1002, 1003)
LONG = range(1001, 1101)
KEYS = (1001, 1010)
CORRECTED = (1001, 1024)


def blender_environment(folder, **more):
    """A user of Blender who has never set anything, and whose engine is the one under test."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("BLENDER_", "DVM_", "PYTHON"))}
    return {
        **kept,
        "BLENDER_USER_RESOURCES": str(folder / "resources"),
        "DVM_HOME": str(folder / "home"),
        "DVM_PYTHON": sys.executable,
        "OMP_NUM_THREADS": "1",
        **more,
    }


def write_image(path, pixels, channels, kind):
    spec = oiio.ImageSpec(pixels.shape[1], pixels.shape[0], pixels.shape[2], kind)
    spec.channelnames = channels
    output = oiio.ImageOutput.create(str(path))
    assert output.open(str(path), spec), oiio.geterror()
    assert output.write_image(pixels), output.geterror()
    output.close()


def read_image(path):
    """Pixels of a file, (H, W, C) float32."""
    image = oiio.ImageBuf(str(path))
    assert not image.has_error, image.geterror()
    return image.get_pixels(oiio.FLOAT)


def write_movie(folder):
    """The plates as movie.mkv, without loss, and their trimaps once more, numbered from 1."""
    with av.open(str(folder / "movie.mkv"), "w") as container:
        stream = container.add_stream("ffv1", rate=24)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "bgr0"
        for index, frame in enumerate(FRAMES, 1):
            os.link(folder / f"trimap.{frame}.png", folder / f"movie.{index:04d}.png")
            pixels = (read_image(folder / f"plate.{frame}.exr").clip(0, 1) * 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="bgr0")))
        container.mux(stream.encode())


def make_shot(folder):
    """A disc that crosses a textured wall; `gap` lacks a frame, `long` repeats the three, `bright` is a stop up.

    `fixed` are alphas of two frames of `long`, put right by hand.
    """
    folder.mkdir(parents=True)
    texture = np.random.default_rng(3).random((HEIGHT, WIDTH, 3), dtype=np.float32)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    for index, frame in enumerate(FRAMES):
        distance = np.hypot(y - HEIGHT / 2, x - WIDTH * (0.45 + 0.03 * index)) / HEIGHT
        alpha = np.clip((0.3 - distance) * 8 + 0.5, 0, 1).astype(np.float32)[..., None]
        plate = (
            (alpha * (0.6 + 0.4 * texture[::-1]) + (1 - alpha) * 0.3 * texture).astype(np.float16).astype(np.float32)
        )
        trimap = np.where(distance < 0.2, 255, np.where(distance > 0.4, 0, 128)).astype(np.uint8)[..., None]
        write_image(folder / f"plate.{frame}.exr", plate, ("R", "G", "B"), "half")
        write_image(folder / f"bright.{frame}.exr", 2 * plate, ("R", "G", "B"), "half")
        write_image(folder / f"trimap.{frame}.png", trimap, ("Y",), "uint8")
        write_image(folder / f"trimap.{frame}.exr", trimap / np.float32(255), ("Y",), "float")
        write_image(folder / f"truth.{frame}.exr", alpha, ("A",), "half")
    write_movie(folder)
    for frame in KEYS:  # of `long`
        os.link(folder / f"trimap.{FRAMES[(frame - LONG[0]) % 3]}.png", folder / f"key.{frame}.png")
    for frame in CORRECTED:
        os.link(folder / f"truth.{FRAMES[(frame - LONG[0]) % 3]}.exr", folder / f"fixed.{frame}.exr")
    for frame in (1001, 1003):
        os.link(folder / f"plate.{frame}.exr", folder / f"gap.{frame}.exr")
    for index, frame in enumerate(LONG):
        for ending, name in (("exr", "plate"), ("png", "trimap")):
            os.link(folder / f"{name}.{FRAMES[index % 3]}.{ending}", folder / f"long.{frame}.{ending}")
    return folder


@dataclass
class Shot:
    """A shot, and what was made of it."""

    folder: Path

    def read(self, *path):
        """Pixels of a file in its folder, (H, W, C) float32."""
        return read_image(self.folder.joinpath(*path))


@dataclass
class Played(Shot):
    """What the scenarios left behind in one Blender."""

    report: dict
    log: str

    def __getitem__(self, scenario):
        """What a scenario saw; a traceback in it fails the test."""
        saw = self.report[scenario]
        assert "traceback" not in saw, saw["traceback"]
        return saw

    def files(self, scenario, beginning):
        """Names of a scenario's files."""
        return sorted(path.name for path in (self.folder / scenario).glob(f"{beginning}*"))


@pytest.fixture(scope="session", params=[EVERYDAY, *(pytest.param(other, marks=pytest.mark.slow) for other in OTHERS)])
def blender_python(request):
    """The Python of each Blender."""
    folder = ROOT / f".venv-blender-{request.param}"
    if not (folder / "installed").exists():
        pytest.skip(f"Blender {request.param} is not installed here; `make hosts` does that where its Python is found")
    return folder / "bin" / "python"


@pytest.fixture
def shot(tmp_path):
    return Shot(make_shot(tmp_path / "shot"))


@pytest.fixture
def environment(tmp_path):
    return blender_environment(tmp_path)


@pytest.fixture(scope="session")
def blender(blender_python, tmp_path_factory):
    """Every scenario, played in one Blender, the add-on installed as a legacy one."""
    folder = tmp_path_factory.mktemp("blender")
    shot = make_shot(folder / "shot")
    lay_out("blender", folder / "scripts" / "addons" / "dvm_matte")
    environment = blender_environment(folder, BLENDER_USER_SCRIPTS=str(folder / "scripts"))
    ran = subprocess.run(
        [blender_python, INSIDE / "run.py", shot],
        capture_output=True,
        text=True,
        timeout=500,
        env=environment,
        cwd=folder,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    return Played(shot, json.loads((shot / "report.json").read_text()), ran.stdout + ran.stderr)


@pytest.fixture(scope="session")
def shell(tmp_path_factory):
    """Alphas that `dvm matte` makes of the shot in a shell, (H, W, 1) float32, by the plate's name and frame."""
    shot = make_shot(tmp_path_factory.mktemp("shell") / "shot")
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    sequences = {name: (f"{name}.####.exr", "trimap.####.png", FRAMES) for name in ("plate", "bright")}
    alphas = {}
    for name, (plate, trimap, frames) in {**sequences, "movie": ("movie.mkv", "movie.####.png", (1, 2, 3))}.items():
        files = [shot / plate, "--trimap", shot / trimap, "-o", shot / f"{name}_alpha.####.exr"]
        program = [sys.executable, "-c", "from dvm_core.cli import main; main()", "matte", *files, "--quiet"]
        subprocess.run(program, check=True, timeout=300, env=environment)
        alphas.update({(name, frame): read_image(shot / f"{name}_alpha.{frame:04d}.exr") for frame in frames})
    corrected = ["--corrected", shot / "fixed.####.exr"]
    for name, trimap, last, more in (("keyed", "key", 1012, ["--propagate"]), ("fixed", "long", 1024, corrected)):
        files = [shot / "long.####.exr", "--trimap", shot / f"{trimap}.####.png", "-o", shot / f"{name}_alpha.####.exr"]
        frames = ["--range", f"1001-{last}", "--shot-range", f"1001-{last}"]
        program = [sys.executable, "-c", "from dvm_core.cli import main; main()", "matte", *files, *frames, *more]
        subprocess.run(program, check=True, timeout=300, env=environment)
        alphas.update(
            {(name, frame): read_image(shot / f"{name}_alpha.{frame}.exr") for frame in range(1001, last + 1)}
        )
    return alphas
