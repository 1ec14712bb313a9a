import numpy as np
import pytest
import torch
from torch.nn import functional

from dvm_core.model.cues import CHANNELS
from dvm_core.model.lite import ADJUSTED, DRAFT, Lite


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(1)
    return Lite().eval()


def frames(*shape):
    """Network input with a trimap that is known here and unknown there."""
    pixels = torch.rand(*shape[:-2], CHANNELS, *shape[-2:])
    zones = torch.randint(3, (*shape[:-2], 1, shape[-2] // 8, shape[-1] // 8))
    zones = zones.repeat_interleave(8, -2).repeat_interleave(8, -1)
    pixels[..., 3:4, :, :], pixels[..., 4:5, :, :] = zones == 1, zones == 2
    return pixels


def trained(seed):
    """A network whose every part does something."""
    torch.manual_seed(seed)
    network = Lite()
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight)
    for small in (network.head.alpha, network.adjust, network.trust):
        torch.nn.init.normal_(small.weight, std=1e-3)
    return network


def test_an_untrained_network_makes_of_a_frame_and_its_repetitions_what_it_makes_of_the_frame(network):
    frame = frames(1, 64, 96)
    with torch.inference_mode():
        repeated = network.forward_window(frame[:, None].expand(-1, 3, -1, -1, -1))
        torch.testing.assert_close(repeated, network(frame), atol=1e-3, rtol=0)


def test_both_neighbours_count():
    network = trained(2).eval()
    window = frames(1, 3, 64, 64)
    with torch.inference_mode():
        before = network.forward_window(window)
        for neighbour in (0, 2):
            changed = window.clone()
            changed[:, neighbour] = frames(64, 64)
            assert (network.forward_window(changed) - before).abs().max() > 1e-4


def test_a_draft_says_what_the_trimap_knows(network):
    frame = frames(1, 64, 64)
    with torch.inference_mode():
        draft = network.draft(network.encode(network.stem(frame)), frame)
    foreground, unknown = frame[:, 3] > 0, frame[:, 4] > 0
    assert draft.shape == (1, DRAFT, 64, 64)
    assert (draft[:, 0][foreground] == 1).all()
    assert (draft[:, 0][~foreground & ~unknown] == 0).all()
    assert (draft[:, 1][~unknown] == 1).all()
    assert (draft[:, 1][unknown] < 1).all()


def test_lines_see_known_pixels_whole_and_drafts_as_far_as_they_are_trusted(network):
    """Against moments that NumPy adds up cell by cell."""
    frame = frames(1, 32, 32)
    with torch.inference_mode():
        features = network.encode(network.stem(frame))
        draft = network.draft(features, frame)
        found = network.absorb(features, draft)["4.moments"][0].numpy()
    cells = [part.reshape(-1, 8, 4, 8, 4).mean((2, 4)) for part in (frame[0, :3].numpy(), draft[0].numpy())]
    colour, (alpha, trust) = cells[0] - 0.5, cells[1][:2]
    np.testing.assert_allclose(found[0], trust, atol=1e-6)
    np.testing.assert_allclose(found[1:4], colour * trust, atol=1e-6)
    np.testing.assert_allclose(found[4], colour[0] * colour[0] * trust, atol=1e-6)
    np.testing.assert_allclose(found[10], alpha * trust, atol=1e-6)


def test_share_says_how_draft_and_line_are_mixed(network):
    frame = frames(1, 32, 32)
    context = torch.zeros(1, 5, 8, 8)
    context[:, 3] = 0.25  # a line without slope
    draft = torch.full((1, DRAFT, 32, 32), 0.75)
    for logit, alpha in ((-30.0, 0.25), (30.0, 0.75)):
        draft[:, 2] = logit
        with torch.inference_mode():
            torch.testing.assert_close(network.finish(context, frame, draft), torch.full((1, 1, 32, 32), alpha))


def test_alpha_stays_within_bounds_and_its_gradient_goes_beyond_them():
    torch.manual_seed(3)
    network = Lite().train()
    with torch.no_grad():
        network.head.alpha.bias[0] = 7.0
    alpha = network(frames(1, 64, 64))
    assert alpha.max() == 1
    alpha.sum().backward()
    assert network.head.alpha.bias.grad[0].abs() > 0


def test_every_weight_learns_from_a_window():
    network = trained(4).train()
    for fusion in network.fusion.values():
        torch.nn.init.normal_(fusion.align.dcnpack.conv_offset_mask.weight, std=0.1)
    network.forward_window(frames(2, 3, 64, 64)).square().sum().backward()
    without = [name for name, weight in network.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert without == []


def test_the_parts_of_the_window_are_told_from_the_rest(network):
    temporal = {id(weight) for part in network.temporal for weight in part.parameters()}
    still = torch.autograd.grad(network(frames(1, 64, 64)).sum(), list(network.parameters()), allow_unused=True)
    unused = {id(w) for w, grad in zip(network.parameters(), still, strict=True) if grad is None}
    assert unused <= temporal
    assert temporal - unused == {id(weight) for weight in network.adjust.parameters()}


@pytest.mark.parametrize("step", ["stem", "draft", "finish"])
def test_the_halo_covers_the_reach(network, step):
    """Changing all pixels beyond the halo leaves the inside as it was, bit for bit."""
    side = 96
    halo = {"stem": network.stem_halo, "draft": network.draft_halo, "finish": network.halo}[step]
    channels = {"stem": 1, "draft": 48, "finish": 5}[step]
    cells = slice(halo // 4 + 6, side // 4 - halo // 4 - 6)
    inside = slice(4 * cells.start - halo, 4 * cells.stop + halo)
    near = slice(inside.start // 4, inside.stop // 4)
    draft = torch.rand(1, DRAFT, side, side)

    def part(frame, context):
        if step == "stem":
            return network.stem(frame)
        return network.draft({"4": context}, frame) if step == "draft" else network.finish(context, frame, draft)

    frame, context = frames(1, side, side), torch.rand(1, channels, side // 4, side // 4)
    other, other_context = frames(1, side, side), torch.rand_like(context)
    other[..., inside, inside] = frame[..., inside, inside]
    other_context[..., near, near] = context[..., near, near]
    with torch.inference_mode():
        one, two = part(frame, context), part(other, other_context)
    core = cells if step == "stem" else slice(4 * cells.start, 4 * cells.stop)
    assert torch.equal(one[..., core, core], two[..., core, core])
    assert not torch.equal(one, two)


def test_a_clip_gives_each_window_what_it_gives_alone():
    network = trained(5).eval()
    clip = frames(1, 3, 64, 64)
    with torch.inference_mode():
        alphas, answers = network.clip(clip, [[0, 0, 1], [0, 1, 2], [1, 2, 2]])
        for at, window in enumerate(([0, 0, 1], [0, 1, 2], [1, 2, 2])):
            torch.testing.assert_close(alphas[:, at], network.forward_window(clip[:, window]), atol=1e-4, rtol=0)
    assert answers.shape == (1, 3, 2, 64, 64)


def test_corrections_reach_the_line(network):
    """The window's corrections are added to the lines' slopes and offset, cell by cell."""
    maps, moments = torch.zeros(1, 48, 8, 8), torch.rand(1, 14, 8, 8)
    with torch.inference_mode():
        before = network._lines(maps, moments)
        network.adjust.bias.copy_(torch.arange(ADJUSTED).float())
        after = network._lines(maps, moments)
        network.adjust.bias.zero_()
    assert functional.l1_loss(after[:, 4], before[:, 4] + 6).item() == pytest.approx(0, abs=1e-6)
    assert not torch.equal(after[:, :4], before[:, :4])


def test_no_neighbours_is_a_window_too():
    network = Lite(past=0, future=0).eval()
    with torch.inference_mode():
        assert network.forward_window(frames(1, 1, 32, 32)).shape == (1, 1, 32, 32)


def test_a_batch_of_nothing_gives_nothing(network):
    with torch.inference_mode():
        assert network(torch.rand(0, CHANNELS, 32, 32)).shape == (0, 1, 32, 32)


def test_the_network_stays_small(network):
    assert sum(weight.numel() for weight in network.parameters()) * 2 < 12e6  # half precision on disk
    assert np.isfinite(sum(float(weight.detach().abs().sum()) for weight in network.parameters()))


def test_a_neighbour_that_differs_where_it_was_aligned_to_can_be_trusted_less(network):
    width = network.trust.weight.shape[1] // 3
    own = torch.randn(1, width, 4, 4, generator=torch.Generator().manual_seed(0))
    before = network.trust.weight.detach().clone()
    with torch.no_grad():
        network.trust.weight.zero_()
        network.trust.weight[:, 2 * width :] = -1.0
        same, other = network._trusted(own, own), network._trusted(own, -own)
        network.trust.weight.copy_(before)
    assert (other < same).all()
    torch.testing.assert_close(same, network.trust.bias.detach().sigmoid().expand_as(same).clone())
