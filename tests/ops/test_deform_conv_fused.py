"""The fused CUDA kernel of deformable convolution, emulated: against the float64 reference, fragments against PTX."""

import pytest
import torch

from dvm_core.ops import _extension, deform_conv2d, deform_conv2d_raw, deform_conv_reference

# (batch, channels, height, width, outputs, deformable groups, stride, padding, dilation); 3x3 taps
SHAPES = {
    "64 channels": (1, 64, 9, 11, 64, 8, 1, 1, 1),
    "whole squares": (1, 64, 8, 16, 64, 8, 1, 1, 1),
    "256 channels": (1, 256, 7, 9, 256, 8, 1, 1, 1),
    "batch 3, stride 2": (3, 64, 17, 13, 33, 4, 2, 1, 1),
    "dilation 2, 128 outputs": (1, 128, 9, 5, 128, 2, 1, 2, 2),
    "one group, odd outputs": (2, 64, 3, 10, 7, 1, 1, 1, 1),
    "200 outputs": (1, 128, 4, 4, 200, 4, 1, 1, 1),
    "no frames": (0, 64, 9, 11, 64, 8, 1, 1, 1),
}


@pytest.fixture(autouse=True)
def _fused(use_kernels):
    use_kernels("cuda-emulated-fused")


def make(shape):
    n, c, h, w, o, groups, stride, padding, dilation = shape
    rows, cols = ((side + 2 * padding - 2 * dilation - 1) // stride + 1 for side in (h, w))
    raw = torch.randn(n, 27 * groups, rows, cols) * 2
    x, weight, bias = torch.randn(n, c, h, w).bfloat16(), torch.randn(o, c, 3, 3).bfloat16(), torch.randn(o).bfloat16()
    return x, raw, weight, bias, {"stride": stride, "padding": padding, "dilation": dilation}


def expected(x, raw, weight, *, stride, padding, dilation):
    split = deform_conv_reference.split_raw(raw.double())
    geometry = [stride] * 2, [padding] * 2, [dilation] * 2
    return deform_conv_reference.forward(x.double(), *split, weight.double(), *geometry)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_it_equals_the_float64_reference(shape, relative_error):
    x, raw, weight, bias, geometry = make(shape)
    want = expected(x, raw, weight, **geometry)
    offset, mask = deform_conv_reference.split_raw(raw)
    assert relative_error(deform_conv2d_raw(x, raw, weight, **geometry), want) <= 3e-3
    got = deform_conv2d(x, offset, mask, weight, bias, **geometry)
    assert relative_error(got, want + bias.double().view(-1, 1, 1)) <= 3e-3


@pytest.mark.parametrize(
    ("channels", "outputs", "groups", "dtype", "room"),
    [
        (64, 64, 8, "bfloat16", 64),
        (64, 65, 8, "float16", 128),
        (256, 256, 8, "bfloat16", 256),
        (64, 64, 8, "float32", 0),
        (512, 64, 8, "bfloat16", 0),
        (64, 257, 8, "bfloat16", 0),
        (64, 64, 16, "bfloat16", 0),  # 4 channels a group: less than a packet
        (96, 64, 4, "bfloat16", 0),  # not whole steps
        (192, 64, 2, "bfloat16", 0),  # steps that end within a group
        (64, 256, 8, "bfloat16", 0),  # more shared memory than smaller devices have
    ],
)
def test_it_takes_the_layers_that_it_can(channels, outputs, groups, dtype, room):
    sizes = (1, channels, 9, 9), (1, outputs, 9, 9)
    shape = _extension.native().DeformConvShape(*sizes, (3, 3), (1, 1), (1, 1), (1, 1), groups)
    assert _extension.native().deform_conv_fused_outputs(shape, dtype) == room


def test_layers_that_it_does_not_take_run_all_the_same(relative_error):
    x, raw, weight, _, geometry = make((1, 24, 7, 9, 5, 3, 1, 1, 1))
    assert relative_error(deform_conv2d_raw(x, raw, weight, **geometry), expected(x, raw, weight, **geometry)) <= 3e-3


def test_a_position_that_is_not_finite_counts_as_outside():
    x, raw, weight, _, geometry = make(SHAPES["64 channels"])
    x[:, :, 0, 0] = float("nan")  # where a careless index would land
    raw[:, 0 : 2 * 72, 4:] = float("inf")
    assert torch.equal(deform_conv2d_raw(x, raw, weight, **geometry)[:, :, 4:], torch.zeros(1, 64, 5, 11))


# PTX ISA, "Matrix Fragments for mma.m16n8k16 with floating point type": groupID is the lane over 4, the rest is the
# thread in its group.
TABLES = {
    "a": (
        8,
        lambda group, rest, i: (group if i in (0, 1, 4, 5) else group + 8, rest * 2 + (i & 1) + (8 if i >= 4 else 0)),
    ),
    "b": (4, lambda group, rest, i: (rest * 2 + (i & 1) + (8 if i >= 2 else 0), group)),
    "c": (4, lambda group, rest, i: (group if i < 2 else group + 8, rest * 2 + (i & 1))),
}


@pytest.mark.parametrize("matrix", TABLES)
def test_fragments_are_the_instruction_sets(matrix):
    count, table = TABLES[matrix]
    fragment = _extension.native().mma_fragment
    places = [fragment(matrix, lane, i) for lane in range(32) for i in range(count)]
    assert places == [table(lane // 4, lane % 4, i) for lane in range(32) for i in range(count)]
    assert len(set(places)) == 32 * count  # every element once
