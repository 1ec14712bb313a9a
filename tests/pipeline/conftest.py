"""A small moving scene, and `lite` with weights that make every part of it count."""

import numpy as np
import OpenImageIO as oiio
import pytest
import torch

from dvm_core.bridge.job import MatteJob
from dvm_core.bridge.settings import Settings
from dvm_core.model import weight_file, weights
from dvm_core.model.cues import network_input
from dvm_core.model.lite import Lite


def _scene(frames, height, width, seed=0):
    """Plates (T, H, W, 3) and trimaps (T, H, W): a textured disc that crosses a textured wall."""
    noise = np.random.default_rng(seed)
    texture = noise.random((height, width, 3), dtype=np.float32)
    y, x = np.mgrid[:height, :width]
    plates, trimaps = [], []
    for t in range(frames):
        distance = np.hypot(y - height * 0.5, x - width * (0.4 + 0.02 * t)) / min(height, width)
        alpha = np.clip((0.25 - distance) * 12 + 0.5, 0, 1)[..., None].astype(np.float32)
        plates.append(alpha * (0.5 + 0.5 * texture[::-1]) + (1 - alpha) * 0.5 * texture)
        trimaps.append(np.where(distance < 0.17, 255, np.where(distance > 0.33, 0, 128)).astype(np.uint8))
    return np.stack(plates), np.stack(trimaps)


@pytest.fixture(scope="session")
def network():
    torch.manual_seed(5)
    net = Lite()
    for module in net.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight)
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    for fusion in net.fusion.values():  # offsets of a pixel or so
        torch.nn.init.normal_(fusion.align.dcnpack.conv_offset_mask.weight, std=0.03)
    for gentle in (net.head.alpha, net.adjust, net.trust):  # what is between 0 and 1, and no step from one to the other
        torch.nn.init.normal_(gentle.weight, std=0.01)
    plates, trimaps = _scene(3, 160, 192)
    frames = np.stack([network_input(plate, trimap) for plate, trimap in zip(plates, trimaps, strict=True)])
    with torch.no_grad():
        net.train().forward_window(torch.from_numpy(frames)[None])
    return net.eval()


@pytest.fixture(scope="session")
def scene():
    return _scene


def _write(path, pixels, dtype="half"):
    pixels = np.atleast_3d(pixels)
    spec = oiio.ImageSpec(pixels.shape[1], pixels.shape[0], pixels.shape[2], dtype)
    output = oiio.ImageOutput.create(str(path))
    assert output.open(str(path), spec)
    assert output.write_image(np.ascontiguousarray(pixels))
    output.close()


@pytest.fixture(scope="session")
def write():
    """Writes (H, W[, C]) pixels to a path."""
    return _write


@pytest.fixture(scope="session")
def model(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "random.safetensors"
    weights.save(network.state_dict(), path, weight_file.Record("lite", {}, "tests", "Apache-2.0"))
    return str(path)


@pytest.fixture
def shot(scene, tmp_path):
    """Eight frames from 1001: EXR plates, PNG trimaps."""
    plates, trimaps = scene(8, 48, 64)
    for index in range(8):
        _write(tmp_path / f"plate.{1001 + index}.exr", plates[index])
        _write(tmp_path / f"trimap.{1001 + index}.png", trimaps[index], "uint8")
    return tmp_path


@pytest.fixture
def job(shot, model):
    def make(out="out", **changes):
        settings = {"device": "cpu", **changes.pop("settings", {})}
        fields = {"trimap": f"{shot}/trimap.####.png", "model": model, **changes}
        return MatteJob(
            plate=f"{shot}/plate.####.exr",
            output=f"{shot}/{out}/alpha.####.exr",
            settings=Settings(**settings),
            **fields,
        )

    return make
