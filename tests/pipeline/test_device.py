import pytest
import torch

from dvm_core.bridge.errors import UsageError
from dvm_core.pipeline.device import Compute, choose

GPU = torch.cuda.is_available()


def test_auto_is_single_precision_on_a_cpu():
    assert choose("cpu") == Compute(torch.device("cpu"), "fp32")


@pytest.mark.skipif(GPU, reason="this machine has a GPU, so auto takes it")
def test_auto_takes_the_cpu_where_there_is_no_gpu():
    assert choose("auto").device.type == "cpu"


@pytest.mark.gpu
@pytest.mark.skipif(not GPU, reason="needs a CUDA device")
def test_auto_takes_the_gpu_in_bf16():
    assert choose("auto") == Compute(torch.device("cuda", 0), "bf16")


def test_precisions_that_cannot_run_are_refused():
    with pytest.raises(UsageError, match="fp64"):
        choose("cpu", "fp64")
    with pytest.raises(UsageError, match="fp16 needs a GPU"):
        choose("cpu", "fp16")


def test_bf16_runs_on_a_cpu_when_asked_for():
    compute = choose("cpu", "bf16")
    with compute.autocast():
        assert torch.nn.functional.linear(torch.ones(2, 2), torch.ones(2, 2)).dtype == torch.bfloat16


def test_a_solver_of_its_own_is_named_instead_of_our_kernels():
    assert Compute(torch.device("cpu"), "fp32", solver="pymatting").kernels == "pymatting"
