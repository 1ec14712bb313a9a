import pytest
import torch

from dvm_core.bridge.errors import ModelError
from dvm_core.model import build
from dvm_core.model.network import MattingNetwork, Window
from dvm_core.model.registry import names


def test_the_default_comes_first():
    assert names() == ["lite", "rn50", "closed-form"]


@pytest.mark.parametrize("name", ["lite", "rn50"])
def test_networks_say_what_the_pipeline_needs_to_know(name):
    with torch.device("meta"):
        network = build(name)
    assert isinstance(network, MattingNetwork)
    assert network.architecture == name
    assert network.halo % network.context_stride == network.stem_halo % network.context_stride == 0
    assert network.stride % network.context_stride == 0
    assert network.smallest >= network.stride


def test_numbers_reach_the_builder():
    with torch.device("meta"):
        assert build("rn50", shift=1, width=8).window == Window(past=1, future=0)


@pytest.mark.parametrize(
    ("name", "numbers", "message"),
    [
        ("rn51", {}, "Expected a model named lite, rn50, closed-form, found 'rn51'"),
        ("rn50", {"depth": 3}, "rn50 takes the numbers shift, step, width; found 'depth'"),
        ("closed-form", {"shift": 1}, "closed-form takes no numbers; found 'shift'"),
        ("rn50", {"shift": -1}, "shift as an integer from 0 to 4096; found -1"),
        ("rn50", {"shift": "2"}, "shift as an integer from 0 to 4096; found '2'"),
        ("rn50", {"width": 10**9}, "width as an integer from 0 to 4096; found 1000000000"),
    ],
)
def test_what_the_registry_does_not_know_is_refused_in_one_sentence(name, numbers, message):
    with pytest.raises(ModelError, match=message):
        build(name, **numbers)
