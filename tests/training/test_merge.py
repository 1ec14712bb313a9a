"""The mean of runs, against a mean by hand, and statistics against those that one long batch has."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from dvm_core.bridge.errors import ModelError
from dvm_core.model.lite import Lite
from dvm_core.training.dataset import Batches
from dvm_core.training.merge import measure, merge
from dvm_core.training.state import load_state, save_state
from dvm_core.training.train import train


@pytest.fixture
def states(recipe):
    runs = [replace(recipe, name=f"run{seed}", steps=2, seed=seed) for seed in (1, 2)]
    return [train(run).state for run in runs]


def test_the_mean_is_that_of_the_averages(recipe, states, tmp_path):
    network = merge(recipe, states, tmp_path / "mean.state", batches=0)
    first, second = (load_state(state)["average"] for state in states)
    for name, value in network.state_dict().items():
        if value.is_floating_point():
            np.testing.assert_allclose(value, (first[name] + second[name]) / 2, rtol=1e-6, atol=1e-8)


def test_a_run_goes_on_from_the_mean(recipe, states, tmp_path):
    merge(recipe, states, tmp_path / "mean.state", batches=1)
    result = train(replace(recipe, name="next", start=str(tmp_path / "mean.state"), steps=1))
    assert result.finished


def test_statistics_are_those_of_all_batches_together(recipe, library):
    recipe = replace(recipe, pixels=2 * 64 * 64)
    batches, network = Batches(recipe, library), Lite()
    measure(network, batches, 3, bf16=False)
    frames = torch.cat([batches[number]["frames"][:, 0] for number in range(3)])
    maps = torch.nn.functional.conv2d(frames, network.stem_half.conv.weight, stride=2, padding=1)
    norm = network.stem_half.norm
    torch.testing.assert_close(norm.running_mean, maps.mean(dim=(0, 2, 3)), rtol=1e-4, atol=1e-5)
    variances = torch.stack([part.var(dim=(0, 2, 3)) for part in maps.split(2)])
    torch.testing.assert_close(norm.running_var, variances.mean(dim=0), rtol=1e-4, atol=1e-5)


def test_the_statistics_of_the_fusion_stay(recipe, library):
    network = Lite()
    before = {name: value.clone() for name, value in network.fusion.state_dict().items()}
    measure(network, Batches(recipe, library), 1, bf16=False)
    assert all(torch.equal(value, before[name]) for name, value in network.fusion.state_dict().items())


def test_a_file_that_is_no_state_is_refused(recipe, tmp_path):
    (tmp_path / "bad.state").write_text("nothing")
    with pytest.raises(ModelError, match="state of a training run"):
        merge(recipe, [tmp_path / "bad.state"], tmp_path / "mean.state")


def test_a_state_of_another_network_is_refused(recipe, tmp_path):
    state = {"network": {}, "average": {"w": torch.zeros(1)}, "optimiser": {}, "step": 0, "history": []}
    save_state(tmp_path / "other.state", state)
    with pytest.raises(ModelError, match="another version"):
        merge(recipe, [tmp_path / "other.state"], tmp_path / "mean.state")
