"""Muon: momentum whose steps are made orthogonal, for the kernels of convolutions.

A step of Adam is governed by the few directions of a kernel that its gradient is strong in; one whose singular values
are all about 1 moves the weak ones as far. Sources: Jordan et al., Muon: an optimizer for hidden layers in neural
networks (2024), with the quintic iteration used here; Liu et al., Muon is scalable for LLM training (2025), for the
length of a step (section 2.2).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

LENGTH = 0.2
"""Root mean square of a step's elements at a rate of 1: that of Adam in practice, so that both share a rate."""

_QUINTIC = (3.4445, -4.7750, 2.0315)  # p(s) = a s + b s^3 + c s^5 drives every s in (0, 1] towards 1
_ITERATIONS = 5
_TINY = 1e-7


class Muon(torch.optim.Optimizer):
    """Orthogonal momentum for weights of two or more axes, the first of which counts outputs.

    Args:
        groups: Parameter groups, as any torch optimiser takes them.
        lr: Rate, in the terms of Adam's.
        momentum: Part of the momentum that stays at each step.
        weight_decay: Decoupled, as AdamW's.
    """

    def __init__(
        self, groups: Iterable[dict[str, Any]], lr: float, *, momentum: float = 0.95, weight_decay: float = 0.0
    ) -> None:
        super().__init__(groups, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Move every weight that has a gradient."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self._move(weight, weight.grad, group)

    def _move(self, weight: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        state = self.state[weight]
        if not state:
            state["momentum"] = torch.zeros_like(weight)
        momentum = state["momentum"].lerp_(gradient, 1.0 - group["momentum"])
        ahead = gradient.lerp(momentum, group["momentum"]).flatten(1)
        step = orthogonal(ahead) * (LENGTH * max(ahead.shape) ** 0.5)
        weight.mul_(1.0 - group["lr"] * group["weight_decay"]).add_(step.view_as(weight), alpha=-group["lr"])


def orthogonal(matrix: Tensor) -> Tensor:
    """A matrix with the same singular vectors, its singular values brought to between about 0.7 and 1.2.

    Values below some thousandths of the largest stay smaller. The iteration runs on the small Gram matrix, which costs
    two products with the wide one in place of ten.

    Args:
        matrix: (M, N), float32.

    Returns:
        (M, N).
    """
    if matrix.shape[0] > matrix.shape[1]:
        return orthogonal(matrix.T).T
    wide = matrix / (matrix.norm() + _TINY)
    gram = wide @ wide.T
    factor = torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
    linear, cubic, quintic = _QUINTIC
    for _ in range(_ITERATIONS):
        step = torch.addmm(gram, gram, gram, beta=cubic, alpha=quintic)
        step.diagonal().add_(linear)
        factor = step @ factor
        gram = step @ gram @ step
    made: Tensor = factor @ wide
    return made
