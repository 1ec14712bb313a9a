import numpy as np
import pytest
import torch
from scipy.ndimage import correlate1d

from dvm_core.model.skip import LargeKernelSkip


@torch.inference_mode()
def test_two_separable_branches_of_which_the_second_pads_the_other_axis():
    torch.manual_seed(6)
    skip = LargeKernelSkip(1)
    x = np.random.default_rng(6).normal(size=(8, 10)).astype(np.float32)

    def along(values, conv, axis):
        return correlate1d(values, conv.weight.numpy().ravel(), axis=axis, mode="constant") + conv.bias.item()

    left = along(along(x, skip.conv_l1, 0), skip.conv_l2, 1)
    # Rows are padded before the filter over columns, columns only after it: valid there, bias in the padding.
    rows = along(np.pad(x, ((3, 3), (0, 0))), skip.conv_r1, 1)[:, 3:-3]
    right = along(rows, skip.conv_r2, 0)[3:-3]
    right = np.pad(right, ((0, 0), (3, 3)), constant_values=skip.conv_r2.bias.item())
    np.testing.assert_allclose(skip(torch.from_numpy(x)[None, None])[0, 0].numpy(), left + right, atol=1e-5)


def test_a_map_narrower_than_its_kernel_cannot_pass():
    with pytest.raises(RuntimeError, match="Kernel size can't be greater"):
        LargeKernelSkip(1)(torch.zeros(1, 1, 8, LargeKernelSkip.MINIMUM_WIDTH - 1))
