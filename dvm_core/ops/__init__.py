"""Deformable convolution and local correlation: custom torch operators over the compiled kernels.

`deform_conv2d`, `deform_conv2d_raw` and `correlation` check their arguments, work with autograd, autocast,
`torch.compile` and `torch.export`, take NumPy and CuPy arrays without a copy, and run on the kernels that `kernels()`
names. There is no silent fallback: without the compiled extension they raise, unless the environment variable
DVM_KERNELS=reference asks for the plain-torch reference, or `stand_ins` allows training to go by others.
"""

from dvm_core.ops._extension import OF_OTHERS, stand_ins
from dvm_core.ops._extension import choice as kernels
from dvm_core.ops.correlation import correlation
from dvm_core.ops.deform_conv import deform_conv2d, deform_conv2d_raw

__all__ = ["OF_OTHERS", "correlation", "deform_conv2d", "deform_conv2d_raw", "kernels", "stand_ins"]
