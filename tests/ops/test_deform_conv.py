"""Deformable convolution: the compiled kernels against the reference in float64, and that against others."""

import copy

import pytest
import torch
from torch import nn

from dvm_core.ops import _extension, _packed, deform_conv2d, deform_conv2d_raw, deform_conv_reference

KERNELS = _extension.native().kernels("cpu")
ALL = [*KERNELS, "cuda-emulated", "torchvision"]

# (batch, channels, height, width, outputs, deformable groups, taps a side, stride, padding, dilation)
SHAPES = {
    "ragged": (2, 8, 7, 9, 5, 2, 3, 1, 1, 1),
    "network": (1, 64, 17, 15, 64, 8, 3, 1, 1, 1),
    "several-chunks": (1, 256, 11, 21, 40, 8, 3, 1, 1, 1),
    "stride-2-batch-3": (3, 16, 23, 21, 33, 4, 3, 2, 1, 1),
    "dilation-2-odd-groups": (1, 24, 9, 11, 7, 8, 3, 1, 2, 2),
    "one-wide-group": (1, 300, 10, 11, 50, 1, 3, 2, 2, 2),
    "odd-channels-one-tap": (1, 9, 20, 21, 40, 3, 1, 1, 1, 1),
    "even-taps": (2, 20, 5, 30, 17, 1, 2, 1, 0, 1),
    "one-pixel": (1, 8, 1, 1, 5, 2, 3, 1, 1, 1),
}
# float32 sums of up to 2700 products; bfloat16 rounds the columns (2^-9) and the result.
TOLERANCE = {torch.float32: 1e-5, torch.bfloat16: 3e-3}


def make(shape, dtype=torch.float32, spread=2.0):
    n, c, h, w, o, groups, taps, stride, padding, dilation = shape
    rows, cols = ((side + 2 * padding - dilation * (taps - 1) - 1) // stride + 1 for side in (h, w))
    x = torch.randn(n, c, h, w).to(dtype)
    offset = torch.randn(n, 2 * groups * taps * taps, rows, cols) * spread
    mask = torch.rand(n, groups * taps * taps, rows, cols)
    weight, bias = torch.randn(o, c, taps, taps).to(dtype), torch.randn(o).to(dtype)
    return [x, offset, mask, weight, bias], {"stride": stride, "padding": padding, "dilation": dilation}


def reference(x, offset, mask, weight, bias, *, stride, padding, dilation):
    geometry = [stride] * 2, [padding] * 2, [dilation] * 2
    return deform_conv_reference.forward(x, offset, mask, weight, *geometry) + bias.view(-1, 1, 1)


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("kernel", ALL)
def test_every_kernel_equals_the_float64_reference(kernel, shape, dtype, use_kernels, relative_error):
    use_kernels(kernel)
    inputs, geometry = make(shape, dtype)
    wide = [value.double().requires_grad_() for value in inputs]
    leaves = [value.requires_grad_() for value in inputs]
    out, expected = deform_conv2d(*leaves, **geometry), reference(*wide, **geometry)
    assert relative_error(out, expected) <= TOLERANCE[dtype]
    grad = torch.randn(out.shape).to(dtype)
    grads = torch.autograd.grad(out, leaves, grad)
    expected_grads = torch.autograd.grad(expected, wide, grad.double())
    for got, want, leaf in zip(grads, expected_grads, leaves, strict=True):
        assert got.dtype == leaf.dtype
        assert relative_error(got, want) <= TOLERANCE[dtype]


@pytest.mark.parametrize("kernel", ALL)
def test_a_raw_map_is_split_and_squashed_in_the_kernel(kernel, use_kernels, relative_error):
    use_kernels(kernel)
    (x, offset, mask, weight, bias), geometry = make(SHAPES["ragged"])
    raw = torch.cat([offset, torch.randn(mask.shape) * 4], 1).requires_grad_()
    wide = raw.detach().double().requires_grad_()
    out = deform_conv2d_raw(x, raw, weight, bias, **geometry)
    split = wide.chunk(3, 1)
    expected = reference(
        x.double(), torch.cat(split[:2], 1), split[2].sigmoid(), weight.double(), bias.double(), **geometry
    )
    assert relative_error(out, expected) <= 1e-6
    grad = torch.randn(out.shape)
    (got,) = torch.autograd.grad(out, raw, grad)
    (want,) = torch.autograd.grad(expected, wide, grad.double())
    assert relative_error(got, want) <= 1e-6


@pytest.mark.parametrize("groups", [1, 2, 4, 8])
def test_zero_offsets_and_a_full_mask_are_a_plain_convolution(groups, relative_error):
    (x, offset, mask, weight, bias), _ = make((2, 16, 9, 12, 10, groups, 3, 1, 1, 1))
    got = deform_conv2d(x, offset * 0, torch.ones_like(mask), weight, bias, padding=1)
    assert relative_error(got, nn.functional.conv2d(x, weight, bias, padding=1)) <= 1e-6


def test_a_whole_pixel_offset_shifts_the_input(relative_error):
    (x, offset, mask, weight, _), _ = make((1, 8, 9, 12, 4, 2, 3, 1, 1, 1))
    offset = offset.zero_()
    offset[:, 0::2], offset[:, 1::2] = 2, -1  # y, x
    moved = torch.zeros_like(x)
    moved[:, :, :-2, 1:] = x[:, :, 2:, :-1]
    got = deform_conv2d(x, offset, torch.ones_like(mask), weight, padding=1)
    want = nn.functional.conv2d(moved, weight, padding=1)
    # The outermost rows and columns differ: a plain convolution pads after the shift.
    assert relative_error(got[:, :, 1:-3, 2:-1], want[:, :, 1:-3, 2:-1]) <= 1e-6


def test_the_onnx_operator_agrees(onnx_deform_conv, relative_error):
    peer = pytest.importorskip("onnxruntime", reason="an optional cross-check")
    (x, offset, mask, weight, bias), geometry = make(SHAPES["network"])
    try:
        session = peer.InferenceSession(onnx_deform_conv(8), providers=["CPUExecutionProvider"])
    except peer.capi.onnxruntime_pybind11_state.NotImplemented:  # the newest one for Python 3.10, for instance
        pytest.skip(f"onnxruntime {peer.__version__} has no deformable convolution")
    feed = dict(zip("xombw", (x, offset, mask, bias, weight), strict=True))
    (want,) = session.run(None, {name: value.numpy() for name, value in feed.items()})
    got = deform_conv2d(x, offset, mask, weight, bias, **geometry)
    assert relative_error(got, torch.from_numpy(want)) <= 1e-6


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf"), 1e30])
@pytest.mark.parametrize("kernel", [*ALL, "reference"])
def test_a_position_that_is_not_finite_counts_as_outside(kernel, bad, use_kernels):
    use_kernels(kernel)
    (x, offset, mask, weight, bias), geometry = make(SHAPES["ragged"], spread=0.3)
    x[:, :, 0, 0] = float("nan")  # where a careless index would land
    offset[:, 2, 4, 4] = bad
    far = offset.clone()
    far[:, 2, 4, 4] = -1000.0
    got = deform_conv2d(x, offset.requires_grad_(), mask, weight, bias, **geometry)
    want = deform_conv2d(x, far, mask, weight, bias, **geometry)
    assert torch.equal(got[:, :, 4:, 4:], want[:, :, 4:, 4:])
    assert torch.isfinite(got[:, :, 4, 4]).all()
    (grad,) = torch.autograd.grad(got[:, :, 4, 4].sum(), offset)
    assert torch.equal(grad[:, 2, 4, 4], torch.zeros(2))


@pytest.mark.parametrize("layout", ["contiguous", "channels_last", "strided", "transposed-weight"])
def test_every_memory_format_gives_the_same_numbers(layout):
    inputs, geometry = make(SHAPES["network"])
    want = deform_conv2d(*inputs, **geometry)
    if layout == "channels_last":
        inputs = [*(value.contiguous(memory_format=torch.channels_last) for value in inputs[:4]), inputs[4]]
    elif layout == "strided":
        inputs = [torch.stack([value, value], -1)[..., 0] for value in inputs]
    elif layout == "transposed-weight":
        inputs[3] = inputs[3].transpose(0, 1).contiguous().transpose(0, 1)
    got = deform_conv2d(*inputs, **geometry)
    assert torch.equal(got, want)
    assert got.is_contiguous(memory_format=torch.channels_last)


def test_no_frames_give_no_frames_and_zero_weight_gradient():
    inputs, geometry = make((0, 8, 7, 9, 5, 2, 3, 1, 1, 1))
    leaves = [value.requires_grad_() for value in inputs]
    out = deform_conv2d(*leaves, **geometry)
    assert out.shape == (0, 5, 7, 9)
    out.sum().backward()
    assert torch.equal(leaves[3].grad, torch.zeros_like(leaves[3]))


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_gradients_are_equal_bit_for_bit_whatever_the_threads(threads):
    inputs, geometry = make((1, 64, 20, 33, 16, 8, 3, 1, 1, 1))
    leaves = [value.requires_grad_() for value in inputs]

    def run():
        out = deform_conv2d(*leaves, **geometry)
        return [out, *torch.autograd.grad(out, leaves, torch.ones_like(out))]

    before = torch.get_num_threads()
    want = run()
    try:
        torch.set_num_threads(threads)
        got = run()
    finally:
        torch.set_num_threads(before)
    # The bias gradient is torch's own sum, which may split by threads.
    assert all(torch.equal(a, b) for a, b in zip(got[:-1], want[:-1], strict=True))


def test_a_weight_changed_in_place_is_seen():
    inputs, geometry = make(SHAPES["ragged"])
    deform_conv2d(*inputs, **geometry)
    inputs[3].data.mul_(2)  # past autograd's version counter
    changed = deform_conv2d(*inputs, **geometry)
    inputs[3] = inputs[3].clone()
    assert torch.equal(changed, deform_conv2d(*inputs, **geometry))


def test_a_weight_is_packed_once_and_forgotten_with_it():
    inputs, geometry = make(SHAPES["ragged"])
    before = len(_packed._kept)
    deform_conv2d(*inputs, **geometry)
    kept = _packed._kept[inputs[3]].packed
    deform_conv2d(*inputs, **geometry)
    assert _packed._kept[inputs[3]].packed is kept
    del inputs[3]
    assert len(_packed._kept) == before


def test_gradcheck_passes():
    inputs, geometry = make((1, 4, 4, 5, 3, 2, 3, 1, 1, 1), torch.float64, spread=0.7)
    leaves = [value.double().requires_grad_() for value in inputs]
    assert torch.autograd.gradcheck(lambda *values: deform_conv2d(*values, **geometry), leaves, fast_mode=True)
    raw = torch.randn(1, 54, 4, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda x, maps, w, b: deform_conv2d_raw(x, maps, w, b, **geometry),
        [leaves[0], raw, *leaves[3:]],
        fast_mode=True,
    )


@pytest.mark.parametrize("raw", [False, True])
def test_the_operator_passes_opcheck(raw):
    (x, offset, mask, weight, bias), _ = make(SHAPES["ragged"])
    positions = (torch.cat([offset, mask], 1), None) if raw else (offset, mask)
    leaves = [value if value is None else value.requires_grad_() for value in (x, *positions, weight, bias)]
    torch.library.opcheck(torch.ops.dvm.deform_conv2d, (*leaves, [1, 1], [1, 1], [1, 1]))


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(5, 8, 3, 3))

    def forward(self, x, raw):
        return deform_conv2d_raw(x, raw, self.weight, padding=1)


def test_compilation_keeps_the_whole_graph_and_the_gradients(relative_error):
    layer = Layer()
    twin = copy.deepcopy(layer)
    x, raw = torch.randn(2, 8, 7, 9), torch.randn(2, 54, 7, 9)
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    got, want = compiled(x, raw), twin(x, raw)
    assert torch.equal(got, want)
    assert got.stride() == want.stride()
    got.square().sum().backward()
    want.square().sum().backward()
    assert relative_error(layer.weight.grad, twin.weight.grad) <= 1e-6


def test_export_holds_one_node_for_any_size():
    layer = Layer().eval()
    rows = torch.export.Dim("rows", min=4, max=4096)
    sizes = ({2: rows}, {2: rows})
    program = torch.export.export(layer, (torch.randn(1, 8, 7, 9), torch.randn(1, 54, 7, 9)), dynamic_shapes=sizes)
    nodes = [node for node in program.graph.nodes if node.target == torch.ops.dvm.deform_conv2d.default]
    assert len(nodes) == 1
    x, raw = torch.randn(1, 8, 12, 9), torch.randn(1, 54, 12, 9)
    assert torch.equal(program.module()(x, raw), layer(x, raw))


def test_autocast_casts_features_and_keeps_positions(relative_error):
    inputs, geometry = make(SHAPES["network"])
    leaves = [value.requires_grad_() for value in inputs]
    want = reference(*(value.detach().double() for value in inputs), **geometry)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        got = deform_conv2d(*leaves, **geometry)
    assert got.dtype == torch.bfloat16
    # With positions rounded to bfloat16 this error would be ten times as large.
    assert relative_error(got, want) <= 5e-3
    got.float().sum().backward()
    assert all(leaf.grad is not None and leaf.grad.dtype == torch.float32 for leaf in leaves)


def test_the_work_is_counted_as_a_plain_convolution():
    inputs, geometry = make(SHAPES["ragged"])
    with torch.utils.flop_counter.FlopCounterMode(display=False) as counter:
        deform_conv2d(*inputs, **geometry)
    assert counter.get_total_flops() == 2 * 2 * 5 * 8 * 9 * 7 * 9


def test_the_reference_scripts_and_traces(relative_error):
    inputs, _ = make(SHAPES["ragged"])
    geometry = [1, 1], [1, 1], [1, 1]
    with pytest.warns((DeprecationWarning, FutureWarning), match="script"):  # torch 2.13, 2.14
        scripted = torch.jit.script(deform_conv_reference.forward)
    want = deform_conv2d(*inputs[:4], padding=1)
    assert relative_error(scripted(*inputs[:4], *geometry), want) <= 1e-5


WRONG = {
    "x without batch": ({"x": torch.randn(8, 7, 9)}, ValueError, "expected x to have 4 dimensions"),
    "offset of another size": ({"offset": torch.randn(2, 36, 6, 9)}, ValueError, r"expected offset of shape \(2, 36"),
    "mask of no whole groups": (
        {"mask": torch.rand(2, 17, 7, 9)},
        ValueError,
        "expected mask with 9 channels for each",
    ),
    "weight for other channels": ({"weight": torch.randn(5, 7, 3, 3)}, ValueError, "expected weight of shape"),
    "bias too long": ({"bias": torch.randn(6)}, ValueError, r"expected bias of shape \(5,\)"),
    "stride zero": ({"stride": 0}, ValueError, "expected stride to be one or two integers of at least 1"),
    "no output": ({"dilation": 9}, ValueError, "pad more"),
    "integers": ({"x": torch.zeros(2, 8, 7, 9, dtype=torch.int32)}, TypeError, "expected x in float32"),
    "mixed dtypes": ({"weight": torch.randn(5, 8, 3, 3).bfloat16()}, TypeError, "expected weight in the dtype of x"),
    "another device": ({"x": torch.randn(2, 8, 7, 9, device="meta")}, ValueError, "a CPU or CUDA device"),
    "a list": ({"x": [1.0]}, TypeError, "expected x to be a torch tensor, got list"),
}


@pytest.mark.parametrize(("change", "kind", "message"), WRONG.values(), ids=WRONG)
def test_wrong_arguments_are_refused_in_one_sentence(change, kind, message):
    inputs, geometry = make(SHAPES["ragged"])
    arguments = dict(zip(("x", "offset", "mask", "weight", "bias"), inputs, strict=True)) | geometry | change
    with pytest.raises(kind, match=message):
        deform_conv2d(**arguments)
