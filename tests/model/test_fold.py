import copy

import torch

from dvm_core.model.cues import CHANNELS
from dvm_core.model.fold import fold_norms
from dvm_core.model.lite import Lite


def test_a_folded_network_gives_the_same_alpha_without_any_normalisation():
    torch.manual_seed(1)
    network = Lite()
    network(torch.rand(4, CHANNELS, 64, 64))  # statistics that are not 0 and 1
    network.eval()
    folded = copy.deepcopy(network)
    fold_norms(folded)
    frames = torch.rand(1, 3, CHANNELS, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(folded.forward_window(frames), network.forward_window(frames), atol=1e-5, rtol=0)
    assert not [module for module in folded.modules() if isinstance(module, torch.nn.BatchNorm2d)]


def test_folding_twice_is_folding_once():
    network = Lite().eval()
    fold_norms(network)
    before = copy.deepcopy(network.state_dict())
    fold_norms(network)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
