"""Modulated deformable convolution (DCN v2): the public functions and their checks."""

from torch import Tensor

from dvm_core.ops import _checks
from dvm_core.ops._arrays import takes_arrays
from dvm_core.ops._checks import Pair
from dvm_core.ops._deform_conv_job import Geometry
from dvm_core.ops._deform_conv_op import deform_conv, output_size


@takes_arrays
def deform_conv2d(  # noqa: PLR0913 - torchvision's signature, which users know
    x: Tensor,
    offset: Tensor,
    mask: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
) -> Tensor:
    """Convolve features that each kernel tap reads at a learned position, scaled by a learned mask.

    Zhu et al., "Deformable ConvNets v2", equation 1; shapes and channel order as in torchvision. K = kh kw taps and
    G deformable groups, read from the mask. Every memory format is taken; the result is channels_last. Under autocast
    x, weight and bias are cast, offset and mask stay float32, because half a pixel's rounding shows in the picture.

    Args:
        x: Features (N, C, H, W); float32 or bfloat16 (float16 is for CUDA, float64 for checks).
        offset: (N, 2 G K, Ho, Wo) in pixels, channel (g K + k) 2 + (0 for y, 1 for x); float32, or the dtype of x.
            NaN and infinity count as outside of the map.
        mask: (N, G K, Ho, Wo), after its sigmoid.
        weight: (O, C, kh, kw), the dtype of x.
        bias: (O,) or None.
        stride: One integer, or vertical and horizontal.
        padding: Likewise.
        dilation: Likewise.

    Returns:
        (N, O, Ho, Wo) in the dtype of x.

    Raises:
        TypeError: An argument is not a tensor, or its dtype does not fit.
        ValueError: A shape, a device or a number does not fit.
        DvmError: The compiled kernels are missing.
    """
    geometry = _geometry(stride, padding, dilation)
    _checks.tensors(x=x, offset=offset, mask=mask, weight=weight)
    rows, cols = _check_convolution(x, weight, bias, geometry)
    taps = weight.shape[2] * weight.shape[3]
    groups = _groups("mask", mask, taps, x)
    _checks.shape("offset", offset, (x.shape[0], 2 * groups * taps, rows, cols))
    _checks.shape("mask", mask, (x.shape[0], groups * taps, rows, cols))
    return deform_conv(x, offset, mask, weight, bias, geometry)


@takes_arrays
def deform_conv2d_raw(
    x: Tensor,
    raw: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
) -> Tensor:
    """`deform_conv2d` straight from the map that predicts offsets and mask: split and sigmoid happen in the kernel.

    Args:
        x: As in `deform_conv2d`.
        raw: (N, 3 G K, Ho, Wo): 2 G K offsets, then G K mask values before their sigmoid.
        weight: As in `deform_conv2d`.
        bias: As in `deform_conv2d`.
        stride: As in `deform_conv2d`.
        padding: As in `deform_conv2d`.
        dilation: As in `deform_conv2d`.

    Returns:
        (N, O, Ho, Wo) in the dtype of x.

    Raises:
        TypeError: As in `deform_conv2d`.
        ValueError: As in `deform_conv2d`.
        DvmError: As in `deform_conv2d`.
    """
    geometry = _geometry(stride, padding, dilation)
    _checks.tensors(x=x, raw=raw, weight=weight)
    rows, cols = _check_convolution(x, weight, bias, geometry)
    taps = 3 * weight.shape[2] * weight.shape[3]
    _checks.shape("raw", raw, (x.shape[0], taps * _groups("raw", raw, taps, x), rows, cols))
    return deform_conv(x, raw, None, weight, bias, geometry)


def _geometry(stride: Pair, padding: Pair, dilation: Pair) -> Geometry:
    return (
        _checks.pair("stride", stride, 1),
        _checks.pair("padding", padding, 0),
        _checks.pair("dilation", dilation, 1),
    )


def _groups(name: str, value: Tensor, taps: int, x: Tensor) -> int:
    """How many deformable groups a map's channels stand for."""
    groups = value.shape[1] // taps
    if groups < 1 or value.shape[1] % taps or x.shape[1] % groups:
        raise ValueError(
            f"expected {name} with {taps} channels for each deformable group, their number dividing the "
            f"{x.shape[1]} channels of x, got {value.shape[1]} channels"
        )
    return groups


def _check_convolution(x: Tensor, weight: Tensor, bias: Tensor | None, geometry: Geometry) -> tuple[int, int]:
    """What holds for every convolution; returns the output's height and width."""
    _checks.shape("weight", weight, (weight.shape[0], x.shape[1], weight.shape[2], weight.shape[3]))
    if bias is not None:
        _checks.same_device("bias", bias, x)
        _checks.shape("bias", bias, (weight.shape[0],))
    rows, cols = output_size(x, weight, geometry)
    if x.shape[1] < 1 or weight.shape[0] < 1 or rows < 1 or cols < 1:
        raise ValueError(
            f"expected at least one channel and one output pixel, got x {tuple(x.shape)} and weight "
            f"{tuple(weight.shape)}; pad more"
        )
    return rows, cols
