import numpy as np
import pytest
import torch

from dvm_core.model.aggregate import Aggregation, ChannelAttention, FrameAttention, SpatialAttention, weighted_mean


@pytest.fixture
def maps():
    return torch.randn(2, 12, 5, 7, generator=torch.Generator().manual_seed(5))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@torch.inference_mode()
def test_channel_attention_pools_the_whole_frame_unless_told(maps):
    attention = FrameAttention(4, frames=3)
    narrow, _, wide = attention.ca.fc
    pooled = maps.numpy().mean(axis=(2, 3))
    gain = sigmoid(np.maximum(pooled @ narrow.weight.numpy().T, 0) @ wide.weight.numpy().T)
    np.testing.assert_allclose(attention.ca(torch.from_numpy(pooled))[:, :, 0, 0].numpy(), gain, atol=1e-6)
    torch.testing.assert_close(attention(maps), attention(maps, torch.from_numpy(pooled)))
    assert not torch.allclose(attention(maps), attention(maps, torch.from_numpy(pooled + 5)))


@torch.inference_mode()
def test_spatial_attention_looks_at_mean_and_maximum_of_the_channels(maps):
    attention = SpatialAttention()
    attention.conv.weight.zero_()
    attention.conv.weight[0, :, 3, 3] = torch.tensor([2.0, 0.5])
    expected = sigmoid(2 * maps.numpy().mean(axis=1) + 0.5 * maps.numpy().max(axis=1))
    np.testing.assert_allclose(attention(maps)[:, 0].numpy(), expected, atol=1e-6)


def test_the_hidden_layer_has_the_width_of_one_frame():
    assert FrameAttention(4, frames=3).ca.fc[0].weight.shape == (4, 12)
    assert ChannelAttention(12, 6).fc[2].weight.shape == (12, 6)


def test_a_weighted_mean_counts_only_its_region(maps):
    weight = torch.zeros(2, 1, 5, 7)
    weight[:, :, 1:3, 2:6] = 1
    np.testing.assert_allclose(weighted_mean(maps, weight), maps[:, :, 1:3, 2:6].numpy().mean(axis=(2, 3)), atol=1e-6)


def test_a_weighted_mean_over_nothing_is_zero(maps):
    assert torch.equal(weighted_mean(maps, torch.zeros(2, 1, 5, 7)), torch.zeros(2, 12))


@torch.inference_mode()
def test_known_surroundings_do_not_change_the_gains_of_a_weighted_aggregation(maps):
    aggregation = Aggregation(4, frames=3).eval()
    weight = torch.zeros(2, 1, 5, 7)
    weight[:, :, 2, 1] = 1
    changed = maps.clone()
    changed[..., 5:] += 3
    # Pixel (2, 1) stands four columns away from the change, the 7x7 of the spatial attention reaches three.
    before = aggregation(maps.split(4, dim=1), weight)[..., 2, 1]
    torch.testing.assert_close(aggregation(changed.split(4, dim=1), weight)[..., 2, 1], before)
    assert not torch.allclose(
        aggregation(changed.split(4, dim=1))[..., 2, 1], aggregation(maps.split(4, dim=1))[..., 2, 1]
    )
