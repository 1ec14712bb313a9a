import numpy as np
import pytest
import torch

from dvm_core.model import colour_line


def lines(plate, alpha, weight, radius):
    return colour_line.fit(colour_line.moments(plate, alpha, weight), radius)


def test_an_alpha_that_is_affine_in_colour_is_found_again():
    generator = torch.Generator().manual_seed(1)
    plate = torch.rand(2, 3, 17, 23, generator=generator)
    alpha = (plate * torch.tensor([0.5, -0.2, 0.3]).view(1, 3, 1, 1)).sum(1, keepdim=True) + 0.1
    found = colour_line.evaluate(lines(plate, alpha, torch.ones_like(alpha), 2), plate)
    torch.testing.assert_close(found, alpha, atol=2e-3, rtol=0)


def window_of(y, x, radius):
    return np.s_[..., max(y - radius, 0) : y + radius + 1, max(x - radius, 0) : x + radius + 1]


def weighted_fit(colour, alpha, weight):
    """Slopes and offset by NumPy's least squares, the ridge as three more equations; some weight is above 0."""
    share = weight / weight.sum()
    mean, level = (share * colour).sum(1), (share * alpha).sum()
    root = np.sqrt(share)
    rows = np.vstack([(root * (colour - mean[:, None])).T, np.sqrt(2e-5) * np.eye(3)])
    slopes = np.linalg.lstsq(rows, np.append(root * (alpha - level), np.zeros(3)), rcond=None)[0]
    return [*slopes, level - slopes @ mean]


@pytest.mark.parametrize("radius", [1, 3])
def test_each_window_is_a_weighted_least_squares_fit(radius):
    """Against NumPy's solver on the stacked equations of every window, ridge and averaging included."""
    rng = np.random.default_rng(2)
    height, width = 7, 9
    plate, alpha = rng.random((3, height, width)), rng.random((height, width))
    weight = rng.uniform(0.2, 1.0, (height, width))
    weight[:3, :3] = 0.0
    places = list(np.ndindex(height, width))
    fitted, total = np.zeros((4, height, width)), np.zeros((height, width))
    for y, x in places:
        w, a = weight[window_of(y, x, radius)].ravel(), alpha[window_of(y, x, radius)].ravel()
        total[y, x] = w.sum()
        if total[y, x] > 0:
            fitted[:, y, x] = weighted_fit(plate[window_of(y, x, radius)].reshape(3, -1) - 0.5, a, w)
    expected, sure = np.zeros_like(fitted), np.zeros((height, width), bool)
    for y, x in places:
        around = total[window_of(y, x, radius)]
        expected[:, y, x] = (fitted[window_of(y, x, radius)] * around).sum((1, 2)) / max(around.sum(), 1e-9)
        sure[y, x] = around.min() > 2.0  # elsewhere the little weight of "nobody knows" shows
    tensors = (torch.from_numpy(part) for part in (plate[None], alpha[None, None], weight[None, None]))
    found = lines(*tensors, radius)[0].numpy()
    assert sure.sum() > 10
    assert np.abs(found - expected)[:, sure].max() < 5e-3 * np.abs(expected).max()


def test_moments_of_two_frames_add_up_to_a_fit_of_both():
    generator = torch.Generator().manual_seed(3)
    plates = torch.rand(2, 3, 5, 5, generator=generator)
    alphas = torch.rand(2, 1, 5, 5, generator=generator)
    ones = torch.ones(1, 1, 5, 5)
    both = colour_line.moments(plates[:1], alphas[:1], ones) + colour_line.moments(plates[1:], alphas[1:], ones)
    # Side by side in one picture, and a window that sees all of it: the same equations in another order.
    plate, alpha = torch.cat([*plates], 2)[None], torch.cat([*alphas], 2)[None]
    joined = colour_line.moments(plate, alpha, torch.ones(1, 1, 5, 10))
    torch.testing.assert_close(
        colour_line.fit(both, 9)[0, :, 2, 2], colour_line.fit(joined, 9)[0, :, 2, 5], atol=1e-4, rtol=1e-4
    )


def test_where_nobody_knows_anything_the_line_is_finite_and_its_gradient_too():
    plate = torch.full((1, 3, 8, 8), 0.3)
    alpha = torch.zeros(1, 1, 8, 8, requires_grad=True)
    weight = torch.zeros(1, 1, 8, 8, requires_grad=True)
    found = lines(plate, alpha, weight, 2)
    found.sum().backward()
    assert found.isfinite().all()
    assert alpha.grad.isfinite().all()
    assert weight.grad.isfinite().all()


def test_a_window_of_one_colour_gives_its_mean_alpha():
    plate = torch.full((1, 3, 9, 9), 0.7)
    alpha = torch.rand(1, 1, 9, 9, generator=torch.Generator().manual_seed(4))
    found = colour_line.evaluate(lines(plate, alpha, torch.ones_like(alpha), 8), plate)
    torch.testing.assert_close(found, alpha.mean().expand_as(found), atol=1e-3, rtol=0)


def test_gradients_are_those_of_the_fit():
    generator = torch.Generator().manual_seed(5)
    plate = torch.rand(1, 3, 4, 5, generator=generator, dtype=torch.float64)
    alpha = torch.rand(1, 1, 4, 5, generator=generator, dtype=torch.float64, requires_grad=True)
    weight = torch.rand(1, 1, 4, 5, generator=generator, dtype=torch.float64, requires_grad=True)
    torch.autograd.gradcheck(lambda a, w: lines(plate, a, w, 1), (alpha, weight), atol=1e-4)


def test_a_batch_of_nothing_gives_nothing():
    empty = torch.rand(0, 1, 6, 6)
    assert lines(torch.rand(0, 3, 6, 6), empty, empty, 2).shape == (0, colour_line.LINE, 6, 6)


@pytest.mark.parametrize("rows", [64, 65, 150])
def test_a_tall_frame_is_fitted_in_bands_without_a_trace(rows):
    generator = torch.Generator().manual_seed(6)
    plate, alpha, weight = (torch.rand(1, channels, rows, 7, generator=generator) for channels in (3, 1, 1))
    whole = lines(plate, alpha, weight.requires_grad_(), 3).detach()  # with gradients nothing is cut
    with torch.no_grad():
        assert torch.equal(lines(plate, alpha, weight, 3), whole)
