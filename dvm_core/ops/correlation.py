"""Local correlation of two feature maps: the public function and its checks."""

from torch import Tensor

from dvm_core.ops import _checks, _correlation_op
from dvm_core.ops._arrays import takes_arrays


@takes_arrays
def correlation(first: Tensor, second: Tensor, *, radius: int = 4, stride: int = 1, dilation: int = 1) -> Tensor:
    """Compare each looked-at pixel of one map with the pixels around the same place in another.

        out[n, k, i, j] = mean over c of first[n, c, s i, s j] * second[n, c, s i + d dy, s j + d dx]

    with s = stride, d = dilation, dy = k // (2 radius + 1) - radius, dx = k % (2 radius + 1) - radius, and zero outside
    the map (Dosovitskiy et al., "FlowNet", section 3). Every memory format is taken; the result is channels_last.

    Args:
        first: (N, C, H, W); float32 or bfloat16 (float16 is for CUDA, float64 for checks).
        second: The same shape and dtype.
        radius: Largest shift, counted in steps of `dilation` pixels.
        stride: Distance in pixels of the positions that are looked at.
        dilation: Distance in pixels of neighbouring shifts.

    Returns:
        (N, (2 radius + 1)^2, ceil(H / stride), ceil(W / stride)) in the dtype of `first`.

    Raises:
        TypeError: An argument is not a tensor, or its dtype does not fit.
        ValueError: A shape, a device or a number does not fit.
        DvmError: The compiled kernels are missing.
    """
    for name, value, least in (("radius", radius, 0), ("stride", stride, 1), ("dilation", dilation, 1)):
        if not isinstance(value, int) or value < least:
            raise ValueError(f"expected {name} to be an integer of at least {least}, got {value!r}")
    _checks.tensors(first=first, second=second)
    _checks.shape("second", second, tuple(first.shape))
    if first.shape[1] < 1 or first.shape[2] < 1 or first.shape[3] < 1:
        raise ValueError(f"expected at least one channel and one pixel, got first of shape {tuple(first.shape)}")
    return _correlation_op.correlate(first, second, radius, stride, dilation)
