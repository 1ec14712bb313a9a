import numpy as np
import pytest
import torch
from torch.nn import functional

from dvm_core.model.align import DeformableAlignment, ModulatedDeformConv


@pytest.fixture
def maps():
    generator = torch.Generator().manual_seed(3)
    return torch.randn(2, 2, 16, 7, 9, generator=generator).unbind()


@pytest.fixture
def alignment():
    torch.manual_seed(4)
    module = DeformableAlignment(16, groups=4)
    torch.nn.init.normal_(module.dcnpack.conv_offset_mask.weight, std=0.3)
    return module.eval()


@torch.inference_mode()
def test_cached_halves_give_what_the_stacked_convolution_gives(alignment, maps):
    neighbour, reference = maps
    halves = alignment.neighbour_half(neighbour), alignment.reference_half(reference)
    stacked = alignment(neighbour, reference)
    assert torch.allclose(alignment.align(neighbour, *halves), stacked, rtol=0, atol=1e-5)
    assert not torch.allclose(alignment(reference, neighbour), stacked, rtol=0, atol=1e-2)


@torch.inference_mode()
def test_an_untrained_alignment_is_a_plain_convolution_at_half_strength(maps):
    neighbour, reference = maps
    module = DeformableAlignment(16)
    conv = module.dcnpack
    expected = 0.5 * functional.conv2d(neighbour, conv.weight, padding=1) + conv.bias[:, None, None]
    assert torch.allclose(module(neighbour, reference), expected, rtol=0, atol=1e-5)


@torch.inference_mode()
def test_offset_channels_count_y_before_x_and_taps_inside_groups(maps):
    features, motion = maps
    conv = ModulatedDeformConv(16, groups=2)
    bias = torch.zeros(2, 9, 2)
    bias[1, :, 0], bias[1, :, 1] = 1, -2  # the second group reads one row below and two columns left
    conv.conv_offset_mask.bias.data[:36] = bias.flatten()
    conv.conv_offset_mask.bias.data[36:] = 50  # a mask of 1
    moved = features.numpy().copy()
    moved[:, 8:] = 0
    moved[:, 8:, :-1, 2:] = features.numpy()[:, 8:, 1:, :-2]
    expected = functional.conv2d(torch.from_numpy(moved), conv.weight, conv.bias, padding=1)
    inside = np.s_[:, :, 1:-2, 3:-1]  # zero padding and moved samples differ at the borders
    assert torch.allclose(conv(features, motion)[inside], expected[inside], rtol=0, atol=1e-5)


@torch.inference_mode()
def test_a_bounded_alignment_sees_nothing_beyond_its_reach():
    torch.manual_seed(5)
    bounded, free = (ModulatedDeformConv(8, groups=2, reach=reach) for reach in (3.0, 0.0))
    torch.nn.init.normal_(bounded.conv_offset_mask.weight, std=5.0)
    free.load_state_dict(bounded.state_dict())
    features, motion = torch.randn(2, 1, 8, 41, 41)
    other = torch.randn_like(features)
    other[..., 20 - 5 : 20 + 6, 20 - 5 : 20 + 6] = features[..., 20 - 5 : 20 + 6, 20 - 5 : 20 + 6]  # 3, a tap, bilinear
    near, far = ([conv(maps, motion)[..., 20, 20] for maps in (features, other)] for conv in (bounded, free))
    assert torch.equal(*near)
    assert not torch.equal(*far)


@torch.inference_mode()
def test_small_offsets_are_hardly_bounded(maps):
    features, motion = maps
    bounded, free = (ModulatedDeformConv(16, groups=2, reach=reach) for reach in (6.0, 0.0))
    torch.nn.init.normal_(bounded.conv_offset_mask.weight, std=0.01)
    free.load_state_dict(bounded.state_dict())
    assert torch.allclose(bounded(features, motion), free(features, motion), rtol=0, atol=5e-3)


@torch.inference_mode()
def test_offsets_keep_full_precision_under_autocast(alignment, maps):
    raw = alignment.dcnpack.conv_offset_mask
    with torch.autocast("cpu", torch.bfloat16):
        answer = raw(maps[0].bfloat16())
    assert answer.dtype == torch.float32
    assert torch.equal(answer, raw(maps[0].bfloat16().float()))
