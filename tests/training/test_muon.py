import pytest
import torch

from dvm_core.training.muon import LENGTH, Muon, orthogonal


@pytest.mark.parametrize("shape", [(48, 432), (432, 48), (64, 96), (13, 200)])
def test_a_matrix_is_made_nearly_orthogonal_in_its_own_directions(shape):
    torch.manual_seed(0)
    matrix = torch.randn(shape)
    found = orthogonal(matrix)
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    lengths = (left.T @ found @ right.T).diagonal()
    assert lengths.min() > 0.6
    assert lengths.max() < 1.3
    across = left.T @ found @ right.T - torch.diag(lengths)
    assert across.abs().max() < 1e-3


def test_size_and_sign_of_a_matrix_are_all_that_scaling_changes():
    torch.manual_seed(0)
    matrix = torch.randn(24, 216)
    torch.testing.assert_close(orthogonal(matrix * 1e-4), orthogonal(matrix), atol=1e-3, rtol=0)
    torch.testing.assert_close(orthogonal(-matrix), -orthogonal(matrix))


def test_no_gradient_at_all_moves_nothing():
    assert torch.equal(orthogonal(torch.zeros(16, 32)), torch.zeros(16, 32))


@pytest.mark.parametrize("shape", [(96, 48, 3, 3), (512, 224, 1, 1)])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_a_step_is_as_long_as_one_of_adam(shape, layout):
    torch.manual_seed(0)
    weight = torch.nn.Parameter(torch.zeros(shape).to(memory_format=layout))
    optimiser = Muon([{"params": [weight]}], lr=0.5)
    weight.grad = torch.randn(shape)
    optimiser.step()
    length = float(weight.detach().square().mean().sqrt())
    assert length == pytest.approx(0.5 * LENGTH, rel=0.25)
    assert float((weight.detach() * weight.grad).sum()) < 0


def test_decay_draws_weights_to_nothing():
    weight = torch.nn.Parameter(torch.ones(16, 16, 1, 1))
    weight.grad = torch.zeros_like(weight)
    Muon([{"params": [weight]}], lr=0.1, weight_decay=0.5).step()
    torch.testing.assert_close(weight.detach(), torch.full_like(weight, 0.95))


def test_a_weight_without_gradient_stays_and_has_no_state():
    weight = torch.nn.Parameter(torch.ones(16, 16, 1, 1))
    optimiser = Muon([{"params": [weight]}], lr=0.1)
    optimiser.step()
    assert torch.equal(weight.detach(), torch.ones(16, 16, 1, 1))
    assert not optimiser.state


def test_it_solves_what_plain_descent_at_one_rate_cannot():
    torch.manual_seed(0)
    scale = torch.logspace(0, -2, 16)
    target = torch.randn(16, 16)
    weight = torch.nn.Parameter(torch.zeros(16, 16, 1, 1))
    optimiser = Muon([{"params": [weight]}], lr=0.05, momentum=0.9)
    for number in range(400):
        optimiser.param_groups[0]["lr"] = 0.2 * (1 - number / 400)
        optimiser.zero_grad()
        ((weight[..., 0, 0] - target) * scale).square().sum().backward()
        optimiser.step()
    assert float((weight.detach()[..., 0, 0] - target).abs().mean()) < 0.1
