"""Networks as TorchScript, for programs that have torch but not this package."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from dvm_core.bridge.errors import ModelError
from dvm_core.model import weights
from dvm_core.model.network import Features, MattingNetwork
from dvm_core.whole_file import whole_file


class WholeWindow(nn.Module):
    """A network without its caches: a window of frames in, the alpha of one of them out.

    Args:
        network: Any network of the pipeline.
    """

    def __init__(self, network: MattingNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, frames: Tensor, unknown: Tensor) -> Tensor:
        """Matte the frame at `window.past`.

        Args:
            frames: (window.length, C, H, W), oldest first, each as `MattingNetwork.prepare` makes it; H and W multiples
                of the network's stride and no smaller than its smallest.
            unknown: (1, 1, H, W), 1 where that frame's trimap is unknown, else 0.

        Returns:
            (1, 1, H, W) in [0, 1].
        """
        network = self.network
        past = network.window.past
        features, drafts = zip(*[self._encoded(frame) for frame in frames.split(1)], strict=True)
        return network.finish(network.context(features, unknown), frames[past : past + 1], drafts[past])

    def _encoded(self, frame: Tensor) -> tuple[Features, Tensor | None]:
        network = self.network
        features = network.encode(network.stem(frame))
        if not network.drafts:
            return features, None
        draft = network.draft(features, frame)
        return network.absorb(features, draft), draft


def export(name_or_file: str | Path, out: str | Path) -> None:
    """Write a network as TorchScript, called as `WholeWindow.forward`, of plain torch operators and any size.

    Args:
        name_or_file: As in `weights.load`.
        out: File to write.

    Raises:
        ModelError: As in `weights.load`, or the model is no network.
        OutputError: `out` cannot be written.
    """
    network = weights.load(name_or_file)
    if not isinstance(network, MattingNetwork):
        raise ModelError(f"Expected a network to export, found {name_or_file}, which has no weights.")
    traced = _trace(network)
    with whole_file(Path(out)) as temporary:
        try:
            traced.save(str(temporary))
        except RuntimeError as error:  # torch's own writer
            raise OSError(str(error)) from error


def _trace(network: MattingNetwork) -> torch.jit.ScriptModule:
    channels = next(network.parameters()).shape[1]  # the stem's first convolution comes first
    side = max(network.smallest, 2 * network.stride)
    frames = torch.rand(network.window.length, channels, side, side)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter(
            "ignore"
        )  # that sizes are read while tracing: they are recorded as what they are read from
        traced = torch.jit.trace(WholeWindow(network), (frames, torch.ones(1, 1, side, side)), check_trace=False)
    return cast(torch.jit.ScriptModule, traced)
