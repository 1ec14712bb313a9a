"""Which statistics of batch normalisation move while a network learns."""

import torch
from torch import nn

from dvm_core.training.norms import norms, train_at_rest


def _network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(2, 3, 1), nn.BatchNorm2d(3), nn.Sequential(nn.BatchNorm2d(3), nn.Dropout(0.5))
    ).eval()


def test_norms_are_found_at_every_depth():
    network = _network()
    assert norms(network) == [network[1], network[2][0]]


def test_at_rest_a_training_step_moves_weights_but_no_statistics():
    network = _network()
    train_at_rest(network)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    optimiser = torch.optim.SGD(network.parameters(), 0.1)
    network(torch.randn(4, 2, 5, 5) * 3 + 1).square().mean().backward()
    optimiser.step()
    moved = {name for name, value in network.state_dict().items() if not torch.equal(value, before[name])}
    assert "0.weight" in moved
    assert "1.weight" in moved
    assert not any("running" in name or "tracked" in name for name in moved)
    assert network.training
    assert network[2][1].training
