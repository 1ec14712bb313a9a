"""Local correlation: the compiled kernels against the plain-torch reference, and that against the definition."""

import pytest
import torch

from dvm_core.ops import _extension, correlation, correlation_reference

KERNELS = _extension.native().kernels("cpu")

# (batch, channels, height, width, radius, stride, dilation)
SHAPES = {
    "ragged": (2, 3, 6, 7, 1, 1, 1),
    "usual": (1, 37, 11, 13, 4, 1, 1),
    "stride-2": (1, 70, 9, 8, 2, 2, 1),
    "dilation-2": (1, 33, 20, 21, 2, 1, 2),
    "stride-2-dilation-3": (3, 128, 12, 9, 3, 2, 3),
    "no-shift": (2, 64, 5, 4, 0, 1, 1),
    "wider-than-the-map": (1, 8, 2, 3, 4, 1, 1),
}
TOLERANCE = {torch.float32: 1e-6, torch.bfloat16: 3e-3}


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("kernel", [*KERNELS, "cuda-emulated"])
def test_every_kernel_equals_the_float64_reference(kernel, shape, dtype, use_kernels, relative_error):
    use_kernels(kernel)
    *size, radius, stride, dilation = shape
    maps = [torch.randn(size).to(dtype).requires_grad_() for _ in range(2)]
    wide = [value.detach().double().requires_grad_() for value in maps]
    out = correlation(*maps, radius=radius, stride=stride, dilation=dilation)
    expected = correlation_reference.forward(*wide, radius, stride, dilation)
    assert out.dtype == dtype
    assert relative_error(out, expected) <= TOLERANCE[dtype]
    grad = torch.randn(out.shape).to(dtype)
    grads = zip(torch.autograd.grad(out, maps, grad), torch.autograd.grad(expected, wide, grad.double()), strict=True)
    assert all(relative_error(got, want) <= TOLERANCE[dtype] for got, want in grads)


def test_the_reference_is_the_definition():
    n, c, h, w, radius, s, d = 1, 3, 5, 6, 1, 2, 2
    first, second = torch.randn(n, c, h, w), torch.randn(n, c, h, w)
    got = correlation_reference.forward(first, second, radius, s, d)
    assert got.shape == (1, 9, 3, 3)
    for k in range(9):
        dy, dx = k // 3 - radius, k % 3 - radius
        for i in range(3):
            for j in range(3):
                y, x = s * i + d * dy, s * j + d * dx
                inside = 0 <= y < h and 0 <= x < w
                want = (first[0, :, s * i, s * j] * second[0, :, y, x]).mean() if inside else torch.zeros(())
                torch.testing.assert_close(got[0, k, i, j], want)


def test_every_memory_format_gives_the_same_numbers():
    first, second = torch.randn(2, 40, 9, 11), torch.randn(2, 40, 9, 11)
    want = correlation(first, second)
    strided = torch.stack([second, second], -1)[..., 1]
    got = correlation(first.contiguous(memory_format=torch.channels_last), strided)
    assert torch.equal(got, want)
    assert got.is_contiguous(memory_format=torch.channels_last)


def test_no_frames_give_no_frames():
    assert correlation(torch.zeros(0, 4, 5, 6), torch.zeros(0, 4, 5, 6), radius=1).shape == (0, 9, 5, 6)


def test_gradcheck_passes():
    maps = [torch.randn(1, 2, 4, 5, dtype=torch.float64, requires_grad=True) for _ in range(2)]
    assert torch.autograd.gradcheck(lambda a, b: correlation(a, b, radius=1, stride=2, dilation=2), maps)


def test_the_operator_passes_opcheck():
    maps = [torch.randn(1, 6, 7, 8, requires_grad=True) for _ in range(2)]
    torch.library.opcheck(torch.ops.dvm.correlation, (*maps, 2, 1, 1))


def test_autocast_casts_both_maps():
    first, second = torch.randn(1, 8, 5, 6), torch.randn(1, 8, 5, 6)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        got = correlation(first, second.bfloat16(), radius=1)
    assert got.dtype == torch.bfloat16
    assert torch.equal(got, correlation(first.bfloat16(), second.bfloat16(), radius=1))


def test_the_work_is_counted():
    maps = torch.randn(2, 6, 5, 4), torch.randn(2, 6, 5, 4)
    with torch.utils.flop_counter.FlopCounterMode(display=False) as counter:
        correlation(*maps, radius=1, stride=2)
    assert counter.get_total_flops() == 2 * 2 * 6 * 9 * 3 * 2


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"radius": -1}, ValueError, "expected radius to be an integer of at least 0"),
        ({"stride": 1.5}, ValueError, "expected stride to be an integer of at least 1"),
        ({"second": torch.zeros(1, 2, 3, 5)}, ValueError, r"expected second of shape \(1, 2, 3, 4\)"),
        ({"second": torch.zeros(1, 2, 3, 4).bfloat16()}, TypeError, "expected second in the dtype of first"),
        ({"first": torch.zeros(2, 3, 4)}, ValueError, "expected first to have 4 dimensions"),
        ({"first": torch.zeros(1, 0, 3, 4), "second": torch.zeros(1, 0, 3, 4)}, ValueError, "at least one channel"),
    ],
)
def test_wrong_arguments_are_refused_in_one_sentence(change, kind, message):
    arguments = {"first": torch.zeros(1, 2, 3, 4), "second": torch.zeros(1, 2, 3, 4)} | change
    with pytest.raises(kind, match=message):
        correlation(**arguments)
