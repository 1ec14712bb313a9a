"""Arrays of any package go into a session without a copy, and alphas come back in kind."""

import sys
from types import SimpleNamespace

import numpy as np
import torch

from dvm_core.pipeline import arrays


class Exchanged:
    """All that some other package's array may offer: DLPack."""

    def __init__(self, numbers):
        self.numbers = numbers

    def __dlpack__(self, **options):
        return self.numbers.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.numbers.__dlpack_device__()


def test_an_array_that_offers_dlpack_alone_is_shared():
    numbers = np.random.default_rng(0).random((5, 7, 3), dtype=np.float32)
    assert np.shares_memory(arrays.plate_pixels(Exchanged(numbers)), numbers)


def test_tensors_and_numpy_arrays_are_shared():
    numbers = np.random.default_rng(0).random((5, 7, 3), dtype=np.float32)
    assert np.shares_memory(arrays.plate_pixels(numbers), numbers)
    assert np.shares_memory(arrays.plate_pixels(torch.from_numpy(numbers)), numbers)


def test_an_alpha_comes_back_as_what_the_plate_was(monkeypatch):
    package = SimpleNamespace(from_dlpack=lambda array: Exchanged(np.from_dlpack(array)))
    monkeypatch.setitem(sys.modules, "exchanges", package)
    monkeypatch.setattr(Exchanged, "__module__", "exchanges.arrays")
    alpha = np.zeros((5, 7), np.float32)
    assert arrays.restorer(np.zeros(1))(alpha) is alpha
    assert arrays.restorer(torch.zeros(1))(alpha).data_ptr() == alpha.ctypes.data
    assert np.shares_memory(arrays.restorer(Exchanged(np.zeros(1)))(alpha).numbers, alpha)
