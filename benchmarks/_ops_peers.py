"""What the operators are measured against: other implementations of the same maths, where they can be imported."""

import importlib
from collections.abc import Callable
from typing import NamedTuple

import torch
from _onnx_model import deform_conv_model
from torch import Tensor

from dvm_core.ops import correlation_reference, deform_conv2d, deform_conv2d_raw, deform_conv_reference

GROUPS = 8
Run = Callable[[], object]


class DeformConvCase(NamedTuple):
    """Plain float32 tensors, channels_last, as the network has them; 3x3 taps, padding 1."""

    x: Tensor
    offset: Tensor
    mask: Tensor
    weight: Tensor
    bias: Tensor

    @classmethod
    def make(cls, channels: int, height: int, width: int) -> "DeformConvCase":
        """Standard-normal features and weights, offsets of 3 pixels' deviation."""
        torch.manual_seed(0)
        maps = (
            torch.randn(1, channels, height, width),
            torch.randn(1, 2 * 9 * GROUPS, height, width) * 3,
            torch.rand(1, 9 * GROUPS, height, width),
        )
        last = [value.contiguous(memory_format=torch.channels_last) for value in maps]
        return cls(*last, torch.randn(channels, channels, 3, 3), torch.randn(channels))


def ours(case: DeformConvCase, dtype: torch.dtype) -> Run:
    """Our operator, features and weight in a dtype."""
    x, weight, bias = case.x.to(dtype), case.weight.to(dtype), case.bias.to(dtype)
    return lambda: deform_conv2d(x, case.offset, case.mask, weight, bias, padding=1)


def ours_raw(case: DeformConvCase) -> Run:
    """Our operator straight from a raw map, as the network calls it, in float32."""
    maps = torch.cat([case.offset, torch.logit(case.mask)], 1).contiguous(memory_format=torch.channels_last)
    return lambda: deform_conv2d_raw(case.x, maps, case.weight, case.bias, padding=1)


def backward(case: DeformConvCase) -> Run:
    """Our gradient operator alone."""
    grad = torch.randn_like(case.x)
    geometry = [1, 1], [1, 1], [1, 1]
    inputs = grad, case.x, case.offset, case.mask, case.weight
    return lambda: torch.ops.dvm.deform_conv2d_backward(*inputs, *geometry)


def plain(case: DeformConvCase) -> Run:
    """The plain convolution of the same shape: oneDNN's, with the weight in the layout that it likes."""
    weight = case.weight.contiguous(memory_format=torch.channels_last)
    return lambda: torch.conv2d(case.x, weight, case.bias, padding=1)


def reference(case: DeformConvCase) -> Run:
    """The plain-torch reference."""
    geometry = [1, 1], [1, 1], [1, 1]
    return lambda: deform_conv_reference.forward(case.x, case.offset, case.mask, case.weight, *geometry)


def onnxruntime(case: DeformConvCase, threads: int) -> Run | None:
    """The DeformConv of onnxruntime."""
    if not (peer := _imported("onnxruntime")):
        return None
    options = peer.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = peer.InferenceSession(deform_conv_model(GROUPS), options, providers=["CPUExecutionProvider"])
    feed = {name: value.contiguous().numpy() for name, value in zip("xombw", _onnx_order(case), strict=True)}
    return lambda: session.run(None, feed)


def _onnx_order(case: DeformConvCase) -> tuple[Tensor, ...]:
    return case.x, case.offset, case.mask, case.bias, case.weight


def openvino(case: DeformConvCase, threads: int) -> Run | None:
    """The deformable convolution of OpenVINO (without bias, which costs it nothing)."""
    if not (peer := _imported("openvino")):
        return None
    nodes = importlib.import_module("openvino.opset8")
    maps = [value.contiguous().numpy() for value in (case.x, case.offset, case.mask)]
    inputs = [nodes.parameter(list(value.shape), dtype=value.dtype.type) for value in maps]
    node = nodes.deformable_convolution(
        inputs[0],
        inputs[1],
        nodes.constant(case.weight.numpy()),
        [1, 1],
        [1, 1],
        [1, 1],
        [1, 1],
        mask=inputs[2],
        deformable_group=GROUPS,
        bilinear_interpolation_pad=True,
    )
    hints = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"}
    compiled = peer.Core().compile_model(peer.Model([node], inputs), "CPU", hints)
    request = compiled.create_infer_request()
    return lambda: request.infer(maps)


def torchvision(case: DeformConvCase) -> Run | None:
    """The operator of torchvision."""
    if not (peer := _imported("torchvision.ops")):
        return None
    return lambda: peer.deform_conv2d(case.x, case.offset, case.weight, case.bias, padding=(1, 1), mask=case.mask)


def shift_multiply(first: Tensor, second: Tensor, radius: int) -> Run:
    """Correlation in plain torch: shift, multiply, mean, once for each shift."""
    return lambda: correlation_reference.forward(first, second, radius, 1, 1)


def _imported(name: str) -> object | None:
    """A package, or None where it is not there or does not load beside this torch."""
    try:
        return importlib.import_module(name)
    except (ImportError, RuntimeError):
        return None
