"""What the operator tests share: a way to pick the kernels, and a relative error."""

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

from dvm_core.bridge.errors import DvmError
from dvm_core.ops import _extension


@pytest.fixture
def use_kernels(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Call it with a kernel to run on that one until the test ends; what needs torchvision is skipped without it."""

    def use(name: str) -> None:
        monkeypatch.setenv("DVM_KERNELS", name)
        _extension.choice.cache_clear()
        if name == _extension.TORCHVISION:
            try:
                _extension.choice()
            except DvmError as missing:  # it has builds for CUDA's torch alone
                pytest.skip(str(missing))

    yield use
    monkeypatch.undo()
    _extension.choice.cache_clear()


@pytest.fixture
def relative_error() -> Callable[[Tensor, Tensor], float]:
    """||got - expected|| / ||expected||; infinite where shapes differ."""

    def error(got: Tensor, expected: Tensor) -> float:
        if got.shape != expected.shape:
            return float("inf")
        got, expected = got.detach().double(), expected.detach().double()
        return float((got - expected).norm() / expected.norm().clamp_min(1e-30))

    return error


@pytest.fixture
def onnx_deform_conv() -> Callable[[int], bytes]:
    """Makes an ONNX model of one DeformConv node; the benchmarks' own."""
    path = Path(__file__).parents[2] / "benchmarks" / "_onnx_model.py"
    spec = importlib.util.spec_from_file_location("_onnx_model", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.deform_conv_model


@pytest.fixture(autouse=True)
def _repeatable() -> None:
    torch.manual_seed(20)
