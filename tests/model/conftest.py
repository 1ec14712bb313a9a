"""Deterministic weights and frames, as the golden outputs were made with, and networks that carry them."""

import json
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch

from dvm_core.model import build
from dvm_core.model.weights import import_checkpoint

GOLDEN = Path(__file__).parent.parent / "golden" / "rn50"
SEED = 7


def uniform(seed, key, shape):
    """Values in [-1, 1) that every machine agrees on."""
    raw = np.random.Philox(key=(seed << 32) | zlib.crc32(key.encode())).random_raw(int(np.prod(shape)))
    raw >>= 11
    values = raw.astype(np.float64)  # in place from here: the published network has 319 million of them
    values *= 2 / 2**53
    values -= 1
    return values.reshape(shape)


def deterministic_weight(seed, name, shape):
    if name.endswith("num_batches_tracked"):
        return torch.zeros(shape, dtype=torch.int64)
    u = uniform(seed, name, shape)
    if name.endswith("running_var"):
        u = 1 + 0.5 * u
    elif name.endswith(("running_mean", ".bias")):
        u = 0.1 * u
    elif len(shape) == 1:
        u = 1 + 0.2 * u
    else:
        u = u * np.sqrt(3 / np.prod(shape[1:]))
    return torch.from_numpy(u.astype(np.float32))


def deterministic_frames(seed, count, height, width):
    """(count, 4, height, width): a moving pattern, normalised, and a disc as trimap."""
    y, x = np.mgrid[:height, :width].astype(np.float64)
    frames = np.empty((count, 4, height, width))
    for t in range(count):
        for c in range(3):
            p = uniform(seed, f"frame{c}", (6,))
            waves = np.sin(2 * np.pi * ((1 + 2 * abs(p[0])) * x / width + p[1] + 0.03 * t))
            waves *= np.cos(2 * np.pi * ((1 + 2 * abs(p[2])) * y / height + p[3]))
            diagonal = np.sin(2 * np.pi * (3 + 4 * abs(p[4])) * (x + y + 4 * t) / (width + height))
            frames[t, c] = 0.5 + 0.25 * waves + 0.2 * diagonal
        noisy = frames[t, :3] + 0.05 * uniform(seed, f"noise{t}", (3, height, width))
        mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
        frames[t, :3] = (noisy.clip(0, 1) - mean[:, None, None]) / std[:, None, None]
        d = np.hypot(x - width * (0.5 + 0.02 * t), y - height / 2) / min(height, width)
        frames[t, 3] = np.where(d < 0.22, 1, np.where(d > 0.40, 0, 128 / 255))
    return torch.from_numpy(frames.astype(np.float32))


def with_deterministic_weights(network):
    state = network.state_dict()
    network.load_state_dict({name: deterministic_weight(SEED, name, tuple(w.shape)) for name, w in state.items()})
    return network.eval()


@pytest.fixture(scope="session")
def published_names():
    return json.loads((GOLDEN / "weights.json").read_text())


@pytest.fixture(scope="session")
def golden():
    with np.load(GOLDEN / "golden_seed7.npz") as arrays:
        return {name: torch.from_numpy(arrays[name]) for name in ("pred", "refined")}


@pytest.fixture(scope="session")
def golden_frames():
    return deterministic_frames(SEED, 4, 192, 256)


@pytest.fixture(scope="session")
def imported(published_names, tmp_path_factory):
    """A weight file of the whole network, imported from a checkpoint as trained on several devices."""
    folder = tmp_path_factory.mktemp("published")
    weights = {f"module.{name}": deterministic_weight(SEED, name, shape) for name, shape in published_names.items()}
    torch.save({"state_dict": weights, "epoch": 30}, folder / "published.pth")
    del weights
    import_checkpoint(
        folder / "published.pth", folder / "rn50.safetensors", source="https://example.org/dvm", licence="none stated"
    )
    (folder / "published.pth").unlink()  # 1.3 GB
    yield folder / "rn50.safetensors"
    (folder / "rn50.safetensors").unlink()


@pytest.fixture(scope="session")
def narrow():
    """The same network with the narrowest channels that its deformable groups allow."""
    return with_deterministic_weights(build("rn50", shift=2, step=2, width=8))


@pytest.fixture(scope="session")
def narrow_checkpoint(narrow, tmp_path_factory):
    path = tmp_path_factory.mktemp("narrow") / "narrow.pth"
    torch.save(narrow.state_dict(), path)
    return path


@pytest.fixture(scope="session")
def narrow_frames():
    return deterministic_frames(SEED, 5, 64, 224)
