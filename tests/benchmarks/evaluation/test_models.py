"""Models on a tiny take: alone is what the network computes without any neighbour."""

import numpy as np
import pytest
import torch


@pytest.fixture(scope="module")
def take():
    from benchmarks.evaluation.clips import Take

    rng = np.random.default_rng(8)
    plates = rng.random((3, 64, 96, 3), np.float32)
    alphas = np.zeros((3, 64, 96), np.float32)
    alphas[:, :, 60:] = 1.0
    trimaps = np.where(alphas == 1, 255, 0).astype(np.uint8)
    trimaps[:, :, 40:70] = 128
    return Take("tiny", plates, trimaps, alphas)


def test_without_neighbours_a_frame_is_the_single_frame_network(take):
    from benchmarks.evaluation.models import matter
    from dvm_core.model import load
    from dvm_core.model.cues import network_input

    found = matter("lite-single")(take)
    network = load("lite")
    with torch.no_grad():
        alone = network(torch.from_numpy(network_input(take.plates[1], take.trimaps[1]))[None])[0, 0].numpy()
    unknown = take.trimaps[1] == 128
    assert np.abs(found[1] - alone)[unknown].max() < 5e-3


def test_without_neighbours_no_other_frame_matters(take):
    from dataclasses import replace

    from benchmarks.evaluation.models import matter

    other = replace(take, plates=np.concatenate([take.plates[:1] * 0.3, take.plates[1:]]))
    assert (matter("lite-single")(take)[1] == matter("lite-single")(other)[1]).all()


@pytest.mark.parametrize("name", ["lite", "closed-form", "knn"])
def test_known_pixels_are_what_the_trimap_says(take, name):
    from benchmarks.evaluation.models import matter

    alphas = matter(name)(take)
    assert alphas.shape == take.alphas.shape
    assert (alphas[take.trimaps == 0] == 0).all()
    assert (alphas[take.trimaps == 255] == 1).all()
