"""Batch normalisation while a network learns: which statistics move, and which rest."""

from __future__ import annotations

from torch import nn


def norms(network: nn.Module) -> list[nn.BatchNorm2d]:
    """Every batch normalisation in a network."""
    return [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]


def train_at_rest(network: nn.Module) -> None:
    """Training mode, but for the statistics of batch normalisation, which rest."""
    network.train()
    for norm in norms(network):
        norm.eval()
