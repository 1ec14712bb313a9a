import numpy as np
import pytest
import torch

from dvm_core.model.cues import CHANNELS
from dvm_core.model.lite import Lite


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(1)
    return Lite().eval()


def test_untrained_fusion_changes_nothing(network):
    frames = torch.rand(1, 3, CHANNELS, 64, 96)
    with torch.inference_mode():
        torch.testing.assert_close(network.forward_window(frames), network(frames[:, 1]), atol=1e-6, rtol=0)


def test_a_trained_fusion_sees_both_neighbours():
    torch.manual_seed(2)
    network = Lite().eval()
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight)
    torch.nn.init.normal_(network.head.alpha.weight, std=1e-3)
    frames = torch.rand(1, 3, CHANNELS, 64, 64)
    with torch.inference_mode():
        before = network.forward_window(frames)
        for neighbour in (0, 2):
            changed = frames.clone()
            changed[:, neighbour] = torch.rand(CHANNELS, 64, 64)
            assert (network.forward_window(changed) - before).abs().max() > 1e-5


def test_alpha_stays_within_bounds_and_its_gradient_goes_beyond_them():
    torch.manual_seed(3)
    network = Lite().train()
    torch.nn.init.constant_(network.head.alpha.bias, 7.0)
    alpha = network(torch.rand(1, CHANNELS, 64, 64))
    assert alpha.max() == 1
    alpha.sum().backward()
    assert network.head.alpha.bias.grad.abs() > 0


def test_every_weight_learns_from_a_window():
    torch.manual_seed(4)
    network = Lite().train()
    for fusion in network.fusion.values():
        torch.nn.init.normal_(fusion.widen.weight, std=0.1)
        torch.nn.init.normal_(fusion.align.dcnpack.conv_offset_mask.weight, std=0.1)
    network.forward_window(torch.rand(2, 3, CHANNELS, 64, 64)).square().sum().backward()
    without = [name for name, weight in network.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert without == []


@pytest.mark.parametrize("step", ["stem", "finish"])
def test_the_halo_covers_the_reach(network, step):
    """Changing all pixels beyond the halo leaves the inside as it was, bit for bit."""
    side, halo = 96, network.stem_halo if step == "stem" else network.halo
    frame = torch.rand(1, CHANNELS, side, side)
    context = torch.rand(1, 48, side // 4, side // 4)
    cells = slice(halo // 4 + 6, side // 4 - halo // 4 - 6)
    inside = slice(4 * cells.start - halo, 4 * cells.stop + halo)
    other, other_context = torch.rand_like(frame), torch.rand_like(context)
    other[..., inside, inside] = frame[..., inside, inside]
    near = slice(inside.start // 4, inside.stop // 4)
    other_context[..., near, near] = context[..., near, near]
    with torch.inference_mode():
        if step == "stem":
            one, two = network.stem(frame), network.stem(other)
        else:
            cells = slice(4 * cells.start, 4 * cells.stop)
            one, two = network.finish(context, frame), network.finish(other_context, other)
    assert torch.equal(one[..., cells, cells], two[..., cells, cells])
    assert not torch.equal(one, two)


def test_no_neighbours_is_a_window_too():
    network = Lite(past=0, future=0).eval()
    frames = torch.rand(1, 1, CHANNELS, 32, 32)
    with torch.inference_mode():
        assert network.forward_window(frames).shape == (1, 1, 32, 32)


def test_a_batch_of_nothing_gives_nothing(network):
    with torch.inference_mode():
        assert network(torch.rand(0, CHANNELS, 32, 32)).shape == (0, 1, 32, 32)


def test_the_network_stays_small(network):
    assert sum(weight.numel() for weight in network.parameters()) * 2 < 12e6  # half precision on disk
    assert np.isfinite(sum(float(weight.detach().abs().sum()) for weight in network.parameters()))
