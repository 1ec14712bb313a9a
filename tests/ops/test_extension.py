"""The compiled kernels are found, named, and never replaced in silence."""

import logging
import subprocess
import sys

import pytest
import torch

from dvm_core import ops
from dvm_core.bridge.errors import DvmError
from dvm_core.ops import _extension


def test_the_fastest_kernels_of_this_machine_run(monkeypatch):
    monkeypatch.delenv("DVM_KERNELS", raising=False)
    _extension.choice.cache_clear()
    assert ops.kernels() == _extension.native().kernels("cpu")[-1]


def test_the_reference_is_said_aloud(use_kernels, caplog):
    use_kernels("reference")
    with caplog.at_level(logging.WARNING):
        assert ops.kernels() == "reference"
    assert "slow plain-torch reference" in caplog.text


def test_the_reference_runs_the_operators(use_kernels):
    maps = torch.randn(1, 5, 6, 7), torch.randn(1, 5, 6, 7)
    want = ops.correlation(*maps)
    use_kernels("reference")
    torch.testing.assert_close(ops.correlation(*maps), want)


def test_kernels_that_cannot_run_here_are_refused(use_kernels):
    use_kernels("cpu-vax")
    with pytest.raises(DvmError, match="Expected DVM_KERNELS to be reference or one of cpu-portable"):
        ops.kernels()


def test_a_missing_extension_is_an_error_with_a_remedy():
    program = """
import sys
sys.modules["dvm_core._C"] = None  # Python's own way to make an import fail
import torch
from dvm_core import ops
from dvm_core.bridge.errors import DvmError
try:
    ops.correlation(torch.zeros(1, 1, 2, 2), torch.zeros(1, 1, 2, 2))
except DvmError as error:
    print(error)
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "Expected the compiled kernels dvm_core._C" in run.stdout
    assert "pip install ." in run.stdout
    assert "DVM_KERNELS=reference" in run.stdout
