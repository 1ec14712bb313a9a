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
    with pytest.raises(DvmError, match="Expected DVM_KERNELS to be reference, torchvision or one of cpu-portable"):
        ops.kernels()


NOT_BUILT = """
import os, sys
os.environ.pop("DVM_KERNELS", None)
sys.modules["dvm_core._C"] = None  # Python's own way to make an import fail
import torch
from dvm_core import ops
from dvm_core.bridge.errors import DvmError
def correlate():
    try:
        print(tuple(ops.correlation(torch.zeros(1, 1, 2, 2), torch.zeros(1, 1, 2, 2)).shape))
    except DvmError as error:
        print(error)
"""


def run_not_built(program):
    return subprocess.run([sys.executable, "-c", NOT_BUILT + program], capture_output=True, text=True, check=True)


def test_a_missing_extension_is_an_error_with_a_remedy():
    run = run_not_built("correlate()")
    assert "Expected the compiled kernels dvm_core._C" in run.stdout
    assert "pip install ." in run.stdout
    assert "DVM_KERNELS=reference" in run.stdout


def test_others_stand_in_only_as_long_as_they_are_allowed_to():
    run = run_not_built("with ops.stand_ins():\n    correlate()\n    print(ops.kernels())\ncorrelate()")
    within, name, after = run.stdout.splitlines()
    assert within == "(1, 81, 2, 2)"
    assert name == "reference"
    assert "Expected the compiled kernels dvm_core._C" in after
    assert "our kernels are not built for cpu here: deformable convolution runs on reference" in run.stderr


def test_nothing_stands_in_for_kernels_that_are_built(monkeypatch):
    monkeypatch.delenv("DVM_KERNELS", raising=False)
    with ops.stand_ins():
        assert ops.kernels() == _extension.native().kernels("cpu")[-1]


def test_torchvision_that_does_not_load_is_an_error_with_a_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision.ops", None)
    monkeypatch.setenv("DVM_KERNELS", "torchvision")
    _extension.choice.cache_clear()
    with pytest.raises(DvmError, match=r"Expected torchvision .* install the one that was made for this torch"):
        ops.kernels()
