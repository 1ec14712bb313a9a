"""Each loss against its formula in plain NumPy."""

import numpy as np
import pytest
import torch

from dvm_core.training import losses


@pytest.fixture
def alphas():
    rng = np.random.default_rng(3)
    truth = np.clip(rng.normal(0.5, 0.6, (2, 1, 32, 48)), 0, 1)
    predicted = np.clip(truth + rng.normal(0, 0.2, truth.shape), 0, 1)
    unknown = rng.random(truth.shape) < 0.6
    return predicted, truth, unknown


def _tensors(arrays):
    return [torch.from_numpy(array) for array in arrays]


def test_soft_alpha_is_the_error_of_mixed_unknown_pixels(alphas):
    predicted, truth, unknown = alphas
    chosen = unknown & (truth > 0) & (truth < 1)
    expected = np.abs(predicted - truth)[chosen].mean()
    assert float(losses.soft_alpha(*_tensors(alphas))) == pytest.approx(expected)


def test_hard_alpha_is_the_error_of_the_other_unknown_pixels(alphas):
    predicted, truth, unknown = alphas
    chosen = unknown & ((truth == 0) | (truth == 1))
    expected = np.abs(predicted - truth)[chosen].mean()
    assert float(losses.hard_alpha(*_tensors(alphas))) == pytest.approx(expected)


def test_composition_is_the_difference_of_the_two_composites(alphas):
    predicted, truth, unknown = alphas
    rng = np.random.default_rng(4)
    fore, back = rng.random((2, 2, 3, 32, 48))
    composites = [alpha * fore + (1 - alpha) * back for alpha in (predicted, truth)]
    expected = np.abs(composites[0] - composites[1]).mean(axis=1, keepdims=True)[unknown].mean()
    found = losses.composition(*_tensors(alphas), torch.from_numpy(fore - back))
    assert float(found) == pytest.approx(expected)


def _sobel(alpha):
    padded = np.pad(alpha, 1, mode="edge")
    height, width = alpha.shape
    x, y = np.zeros_like(alpha), np.zeros_like(alpha)
    for row in range(height):
        for column in range(width):
            patch = padded[row : row + 3, column : column + 3]
            x[row, column] = ((patch[:, 2] - patch[:, 0]) * [1, 2, 1]).sum() / 8
            y[row, column] = ((patch[2] - patch[0]) * [1, 2, 1]).sum() / 8
    return np.stack([x, y])


def test_gradient_compares_sobel_slopes(alphas):
    predicted, truth, unknown = alphas
    slopes = [np.stack([_sobel(item[0]) for item in alpha]) for alpha in (predicted, truth)]
    expected = np.abs(slopes[0] - slopes[1]).mean(axis=1, keepdims=True)[unknown].mean()
    assert float(losses.gradient(*_tensors(alphas))) == pytest.approx(expected)


def test_a_ramp_has_its_own_slope():
    ramp = torch.linspace(0, 1, 11)[None, None, None].expand(1, 1, 5, 11)
    slope = losses.sobel(ramp)
    assert torch.allclose(slope[0, 0, :, 1:-1], torch.tensor(0.1))
    assert float(slope[0, 1].abs().max()) < 1e-6


def test_divergence_is_that_of_two_coins(alphas):
    predicted, truth, unknown = alphas
    p, q = (np.clip(alpha, 1e-3, 1 - 1e-3) for alpha in (truth, predicted))
    expected = (p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q)))[unknown].mean()
    assert float(losses.divergence(*_tensors(alphas))) == pytest.approx(expected)


def test_divergence_pulls_back_an_alpha_that_is_wrong_at_its_bound():
    predicted = torch.zeros(1, 1, 4, 4, requires_grad=True)
    losses.divergence(predicted, torch.ones(1, 1, 4, 4), torch.ones(1, 1, 4, 4, dtype=torch.bool)).backward()
    assert bool((predicted.grad < 0).all())


def _halve(values):
    return values.reshape(values.shape[0] // 2, 2, values.shape[1] // 2, 2)


def _double(values):
    """Bilinear to twice the size, sample centres aligned, borders repeated."""
    for axis in (0, 1):
        moved = np.moveaxis(values, axis, 0)
        before = np.concatenate([moved[:1], moved[:-1]])
        after = np.concatenate([moved[1:], moved[-1:]])
        pair = np.stack([0.75 * moved + 0.25 * before, 0.75 * moved + 0.25 * after], axis=1)
        values = np.moveaxis(pair.reshape(-1, *moved.shape[1:]), 0, axis)
    return values


def test_laplacian_weighs_bands_of_the_error(alphas):
    predicted, truth, unknown = (array[:1] for array in alphas)
    error, region = ((predicted - truth) * unknown)[0, 0], unknown[0, 0]
    expected = 0.0
    for level in range(4):
        smaller = _halve(error).mean(axis=(1, 3))
        expected += 2**level * np.abs(error - _double(smaller))[region].mean()
        error, region = smaller, _halve(region).any(axis=(1, 3))
    expected = (expected + 16 * np.abs(error)[region].mean()) / 32
    assert float(losses.laplacian(*_tensors([predicted, truth, unknown]))) == pytest.approx(expected)


def test_temporal_compares_changes_where_both_frames_are_unknown():
    rng = np.random.default_rng(5)
    predicted, truth = rng.random((2, 2, 3, 1, 8, 9))
    unknown = rng.random((2, 3, 1, 8, 9)) < 0.7
    change = np.abs(np.diff(predicted, axis=1) - np.diff(truth, axis=1))
    expected = change[unknown[:, 1:] & unknown[:, :-1]].mean()
    assert float(losses.temporal(*_tensors([predicted, truth, unknown]))) == pytest.approx(expected)


@pytest.mark.parametrize("name", ["soft_alpha", "hard_alpha", "gradient", "divergence", "laplacian"])
def test_without_unknown_pixels_a_loss_is_zero_and_its_gradient_finite(name):
    predicted = torch.rand(1, 1, 16, 16, requires_grad=True)
    found = getattr(losses, name)(predicted, torch.rand(1, 1, 16, 16), torch.zeros(1, 1, 16, 16, dtype=torch.bool))
    found.backward()
    assert float(found.detach()) == 0
    assert bool(torch.isfinite(predicted.grad).all())
