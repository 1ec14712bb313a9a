"""Which deformable convolutions `rn50` computes for one frame: found by running it on tensors without contents."""

from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode

from dvm_core.model import build


class _Recorder(TorchDispatchMode):
    """Notes channels, height and width of each deformable convolution's features."""

    def __init__(self) -> None:
        super().__init__()
        self.layers: list[tuple[int, int, int]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.ops.dvm.deform_conv2d.default:
            x: Tensor = args[0]
            self.layers.append((x.shape[1], x.shape[2], x.shape[3]))
        return func(*args, **(kwargs or {}))


def deform_conv_layers(height: int, width: int) -> list[tuple[int, int, int]]:
    """Channels, height and width, once for each call of one output frame."""
    with FakeTensorMode(), torch.no_grad(), _Recorder() as recorder:
        network: nn.Module = build("rn50", shift=2, step=1).eval()
        network(torch.randn(3, 4, height, width))
    return recorder.layers
