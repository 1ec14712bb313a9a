import copy
from itertools import pairwise

import pytest
import torch

from dvm_core.model.lite import Lite
from dvm_core.training.optimiser import OFFSETS, Optimiser, learning_rate
from dvm_core.training.recipe import Recipe


def test_the_learning_rate_rises_and_falls_to_nothing():
    recipe = Recipe(steps=100, warmup=10)
    rates = [learning_rate(recipe, step) for step in range(101)]
    assert rates[9] == pytest.approx(1.0)
    assert rates[100] == pytest.approx(0.0)
    assert rates[0] == pytest.approx(0.1)
    assert all(later <= sooner for sooner, later in pairwise(rates[10:]))


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return Lite()


def groups(optimiser):
    return [group for part in optimiser.parts for group in part.param_groups]


@pytest.mark.parametrize("window", [False, True])
def test_every_weight_is_moved_by_exactly_one_part(network, window):
    moved = [id(weight) for group in groups(Optimiser(network, Recipe(window=window))) for weight in group["params"]]
    assert sorted(moved) == sorted(id(weight) for weight in network.parameters())


def test_on_windows_what_is_temporal_goes_fast_and_all_else_slowly(network):
    optimiser = Optimiser(network, Recipe(window=True, slow=0.25))
    factors = {id(weight): group["factor"] for group in groups(optimiser) for weight in group["params"]}
    temporal = {id(weight) for part in network.temporal for weight in part.parameters()}
    for name, weight in network.named_parameters():
        slow = 1.0 if id(weight) in temporal else 0.25
        assert factors[id(weight)] == (OFFSETS if "conv_offset_mask" in name else slow), name


def test_what_has_no_rate_is_left_out_and_asks_for_no_gradient():
    network = Lite()
    moved = [
        weight for group in groups(Optimiser(network, Recipe(window=True, slow=0.0))) for weight in group["params"]
    ]
    temporal = [weight for part in network.temporal for weight in part.parameters()]
    assert {id(weight) for weight in moved} == {id(weight) for weight in temporal}
    assert {id(weight) for weight in network.parameters() if weight.requires_grad} == {id(w) for w in temporal}


def test_the_rate_of_a_step_reaches_every_group(network):
    recipe = Recipe(steps=10, warmup=4, rate=0.5)
    optimiser = Optimiser(network, recipe)
    optimiser.step(1)
    for group in groups(optimiser):
        assert group["lr"] == pytest.approx(0.5 * 0.5 * group["factor"])


def test_a_restored_optimiser_goes_on_where_the_saved_one_stopped():
    torch.manual_seed(1)
    twins = [Lite() for _ in range(2)]
    twins[1].load_state_dict(twins[0].state_dict())
    recipe = Recipe(steps=10, warmup=1)
    first, second = (Optimiser(twin, recipe) for twin in twins)
    slopes = [[torch.randn_like(weight) for weight in twins[0].parameters()] for _ in range(2)]
    move(twins[0], first, slopes[0], 0)
    twins[1].load_state_dict(twins[0].state_dict())
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    for twin, optimiser in zip(twins, (first, second), strict=True):
        move(twin, optimiser, slopes[1], 1)
    for one, other in zip(*(twin.parameters() for twin in twins), strict=True):
        assert torch.equal(one, other)


def move(network, optimiser, slopes, number):
    for weight, slope in zip(network.parameters(), slopes, strict=True):
        weight.grad = slope.clone()
    optimiser.step(number)
