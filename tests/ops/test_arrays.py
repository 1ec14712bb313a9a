"""Arrays of other packages go through the operators without a copy and come back in kind."""

import numpy as np
import pytest
import torch

from dvm_core import ops
from dvm_core.ops import _arrays


def test_numpy_arrays_come_back_as_numpy_arrays():
    first, second = np.random.default_rng(0).standard_normal((2, 1, 5, 6, 7), dtype=np.float32)
    got = ops.correlation(first, second, radius=1)
    assert type(got) is np.ndarray
    want = ops.correlation(torch.from_numpy(first), torch.from_numpy(second), radius=1)
    np.testing.assert_array_equal(got, want.numpy())


def test_an_array_is_shared_not_copied():
    array = np.zeros((1, 2, 3, 4), np.float32)

    @_arrays.takes_arrays
    def fill(x):
        return x.fill_(7)

    fill(array)
    assert (array == 7).all()


def test_tensors_and_arrays_mix_and_the_first_array_decides():
    x, raw = torch.randn(1, 8, 5, 6), np.zeros((1, 54, 5, 6), np.float32)
    got = ops.deform_conv2d_raw(x, raw=raw, weight=torch.randn(4, 8, 3, 3), padding=1)
    assert isinstance(got, np.ndarray)
    assert got.shape == (1, 4, 5, 6)


def test_an_array_that_cannot_be_shared_is_refused_with_a_remedy():
    first = np.zeros((1, 2, 3, 4), np.float32)[:, :, ::-1]
    with pytest.raises(ValueError, match=r"without negative strides, got strides .*; pass a copy"):
        ops.correlation(first, first)
