"""A small moving scene, and `lite` with weights that make every part of it count."""

import numpy as np
import pytest
import torch

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
    torch.nn.init.normal_(net.head.alpha.weight, std=0.01)
    plates, trimaps = _scene(3, 160, 192)
    frames = np.stack([network_input(plate, trimap) for plate, trimap in zip(plates, trimaps, strict=True)])
    with torch.no_grad():
        net.train().forward_window(torch.from_numpy(frames)[None])
    return net.eval()


@pytest.fixture(scope="session")
def scene():
    return _scene
