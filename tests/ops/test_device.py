import pytest
import torch

from dvm_core.bridge.errors import DeviceError, UsageError
from dvm_core.ops.device import device_of

GPU = torch.cuda.is_available()


def test_auto_takes_a_gpu_where_there_is_one():
    assert device_of("auto") == (torch.device("cuda", 0) if GPU else torch.device("cpu"))


@pytest.mark.parametrize("name", ["cuda:77", pytest.param("cuda", marks=pytest.mark.skipif(GPU, reason="has one"))])
def test_a_gpu_that_is_not_there_is_named_with_what_there_is(name):
    with pytest.raises(DeviceError, match=f"{name} was asked for, but this machine has"):
        device_of(name)


@pytest.mark.parametrize("name", ["gpu", "cpu:1", "cuda:", "cuda:x", ""])
def test_a_name_that_is_no_device_is_refused(name):
    with pytest.raises(UsageError, match="auto, cpu, cuda or cuda:N"):
        device_of(name)
