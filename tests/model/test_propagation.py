"""What pictures look like to propagation: similarity against its definition, the network against plain convolutions."""

import cv2
import numpy as np
import pytest
import torch
from torch.nn import functional

from dvm_core.bridge.errors import ModelError
from dvm_core.model import propagation
from dvm_core.model.propagation import COLOUR, FLAWLESS, deep_features, describe


@pytest.fixture(scope="module")
def picture():
    noise = np.random.default_rng(2).random((43, 61, 3), dtype=np.float32)
    return cv2.GaussianBlur(noise, (0, 0), 1.5)


def similarity(first, second):
    return (first.query * second.reference).sum(1)[0].numpy()


def test_nothing_is_more_similar_than_a_pixel_to_itself(picture):
    textured = describe(picture)
    assert similarity(textured, textured).max() <= FLAWLESS + 1e-4
    # At the corner no map is interpolated.
    assert similarity(textured, textured)[0, 0] == pytest.approx(FLAWLESS, abs=1e-4)
    assert (similarity(textured, textured) > similarity(textured, describe(picture[::-1].copy()))).mean() > 0.95


def test_similarity_is_cosines_less_the_square_of_the_difference_in_lab(picture):
    other = np.ascontiguousarray(picture[::-1])
    first, second = describe(picture), describe(other)
    lab = [cv2.cvtColor(one, cv2.COLOR_RGB2LAB) / 100 for one in (picture, other)]
    cosines = (deep_features(picture) * deep_features(other)).sum(-1)
    expected = cosines - COLOUR * ((lab[0] - lab[1]) ** 2).sum(-1)
    np.testing.assert_allclose(similarity(first, second), expected, atol=2e-4)


@torch.inference_mode()
def test_features_are_those_of_plain_convolutions(picture):
    """The same layers, called one by one as the published network's description has them."""
    weights = propagation._features().state_dict()

    def block(x, name, expansion, stride):
        inside = x
        if expansion > 1:
            inside = functional.conv2d(x, weights[f"{name}.expand.weight"], weights[f"{name}.expand.bias"]).clip(0, 6)
        kernel = weights[f"{name}.filter.weight"]
        inside = functional.conv2d(
            inside, kernel, weights[f"{name}.filter.bias"], stride, kernel.shape[-1] // 2, groups=kernel.shape[0]
        ).clip(0, 6)
        out = functional.conv2d(inside, weights[f"{name}.project.weight"], weights[f"{name}.project.bias"])
        return x + out if out.shape == x.shape else out

    padded = np.pad(picture, ((0, 5), (0, 3), (0, 0)), mode="edge")
    x = torch.from_numpy(padded).permute(2, 0, 1)[None] * 2 - 1
    x = functional.conv2d(x, weights["stem.weight"], weights["stem.bias"], 2, 1).clip(0, 6)
    maps = []
    for index, (expansion, stride) in enumerate(((1, 1), (6, 2), (6, 1), (6, 2), (6, 1))):
        x = block(x, f"blocks.{index}", expansion, stride)
        maps.append(x)
    for level, found in ((maps[2], slice(0, 24)), (maps[4], slice(24, 64))):
        unit = level / level.norm(dim=1, keepdim=True)
        wide = functional.interpolate(unit, padded.shape[:2], mode="bilinear")[0, :, :43, :61].permute(1, 2, 0)
        np.testing.assert_allclose(deep_features(picture)[..., found], wide.numpy(), atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 1), (5, 30), (8, 8)])
def test_any_size_is_described(shape):
    seen = describe(np.full((*shape, 3), 0.4, np.float32))
    assert seen.query.shape[-2:] == seen.reference.shape[-2:] == shape


def test_damaged_weights_are_one_sentence(monkeypatch, tmp_path):
    (tmp_path / "features.safetensors").write_bytes(b"not weights")
    monkeypatch.setattr(propagation, "WEIGHTS", tmp_path / "features.safetensors")
    propagation._features.cache_clear()
    with pytest.raises(ModelError):
        describe(np.zeros((8, 8, 3), np.float32))
    propagation._features.cache_clear()
