import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils.flop_counter import FlopCounterMode

from dvm_core.bridge.errors import ModelError
from dvm_core.model import build, load
from dvm_core.model.weights import import_checkpoint, info


def stream(network, frames):
    """Refined alphas of every frame with a whole past, each frame encoded once."""
    features, alphas = [], []
    for frame in frames.split(1):
        features.append(network.encode(network.stem(frame)))
        if len(features) > network.window.past:
            window = features[-network.window.length :]
            context = network.context(window, torch.zeros_like(frame[:, :1]))
            alphas.append(network.finish(context, frame))
    return torch.cat(alphas)


@torch.inference_mode()
def test_the_imported_network_gives_the_golden_outputs(imported, golden, golden_frames):
    pred, refined = load(imported)(golden_frames)
    assert pred.shape == refined.shape == (2, 1, 192, 256)
    assert torch.allclose(pred, golden["pred"], rtol=0, atol=1e-4)
    assert torch.allclose(refined, golden["refined"], rtol=0, atol=1e-4)


def test_the_imported_file_says_what_it_holds(imported):
    record = info(imported)
    assert (record.architecture, record.numbers) == ("rn50", {"shift": 2, "width": 64})
    assert (record.source, record.licence) == ("https://example.org/dvm", "none stated")
    assert len(record.sha256) == len(record.source_sha256) == 64


def test_names_and_shapes_are_the_published_ones(published_names):
    with torch.device("meta"):
        network = build("rn50")
    assert {name: list(weight.shape) for name, weight in network.state_dict().items()} == published_names


@torch.inference_mode()
def test_streaming_equals_whole_windows(narrow, narrow_frames):
    windows = [narrow(narrow_frames[i : i + 4])[1] for i in (0, 1)]
    whole = torch.cat([windows[0], windows[1][1:]])
    streamed = stream(narrow, narrow_frames)
    assert streamed.std() > 0.01
    assert torch.allclose(streamed, whole, rtol=0, atol=1e-5)


def test_streaming_saves_eighteen_percent_of_the_arithmetic():
    with FakeTensorMode():  # shapes only
        network = build("rn50").eval()
        frames = torch.empty(4, 4, 1056, 1920)
        with FlopCounterMode(display=False) as plain:
            network(frames)
        features = [network.encode(network.stem(frames[:1])) for _ in range(2)]
        with FlopCounterMode(display=False) as streaming:
            features.append(network.encode(network.stem(frames[:1])))
            network.finish(network.context(features, frames[:1, :1]), frames[:1])
    per_frame = plain.get_total_flops() / network.step
    # 11.3 and 9.0 TFLOP: below that, an operator would be missing from the count.
    assert per_frame > 11e12
    assert 8.5e12 < streaming.get_total_flops() < 0.82 * per_frame


@torch.inference_mode()
def test_finish_on_tiles_with_its_halo_equals_the_whole_frame(narrow, narrow_frames):
    frame = narrow_frames[:1]
    context = torch.from_numpy(np.random.default_rng(1).normal(size=(1, 8, 32, 112)).astype(np.float32))
    whole = narrow.finish(context, frame)

    def worst(halo):
        errors = []
        for left in (0, 76, 150):
            a, b = max(left - halo, 0), min(left + 74 + halo, 224)
            tile = narrow.finish(context[..., a // 2 : b // 2], frame[..., a:b])
            errors.append((tile[..., left - a : left - a + 74] - whole[..., left : left + 74]).abs().max())
        return max(errors)

    assert worst(narrow.halo) < 1e-6
    assert worst(narrow.halo - narrow.context_stride) > 1e-6


@torch.inference_mode()
def test_stem_on_tiles_with_its_halo_equals_the_whole_frame(narrow, narrow_frames):
    frame, halo = narrow_frames[:1], narrow.stem_halo
    tile = narrow.stem(frame[..., 64 - halo : 128 + halo])[..., halo // 2 : -halo // 2]
    assert torch.allclose(tile, narrow.stem(frame)[..., 32:64], rtol=0, atol=1e-6)


def test_prepare_normalises_the_plate_and_keeps_three_exact_trimap_values(narrow):
    plate = np.random.default_rng(2).random((40, 50, 3), np.float32)
    trimap = np.random.default_rng(3).choice(np.array([0, 128, 255], np.uint8), (40, 50))
    crop = narrow.prepare(plate, trimap).crop(slice(3, 35), slice(10, 42))
    assert crop.shape == (1, 4, 32, 32)
    assert crop.dtype == torch.float32
    assert crop.is_contiguous()
    rounded = narrow.prepare(plate, trimap).crop(slice(3, 35), slice(10, 42), dtype=torch.bfloat16)
    assert torch.equal(rounded, crop.bfloat16())
    expected = (plate[3:35, 10:42].astype(np.float64) - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    np.testing.assert_allclose(crop[0, :3].numpy().transpose(1, 2, 0), expected, atol=1e-6)
    exact = {0: np.float32(0), 128: np.float32(128) / np.float32(255), 255: np.float32(1)}
    np.testing.assert_array_equal(crop[0, 3].numpy(), np.vectorize(exact.get)(trimap[3:35, 10:42]))


@torch.inference_mode()
def test_step_may_differ_from_the_file(narrow_checkpoint, narrow, narrow_frames, tmp_path):
    import_checkpoint(narrow_checkpoint, tmp_path / "narrow.safetensors", source="test", licence="CC0-1.0")
    one = load(tmp_path / "narrow.safetensors", step=1)(narrow_frames[:3])[1]
    assert torch.allclose(one, narrow(narrow_frames[:4])[1][:1], rtol=0, atol=1e-5)


@pytest.mark.parametrize("shape", [(3, 4, 64, 224), (4, 3, 64, 224), (4, 4, 65, 224), (4, 4, 64, 192), (4, 64, 224)])
def test_frames_of_another_shape_are_refused_with_the_shape_that_fits(narrow, shape):
    with pytest.raises(ValueError, match=r"Expected frames of shape \(4, 4, H, W\).*at least 224; found"):
        narrow(torch.zeros(shape))


@pytest.mark.parametrize("numbers", [{"step": 0}, {"width": 12}, {"width": 0}])
def test_numbers_that_make_no_network_are_refused(numbers):
    with pytest.raises(ModelError, match="rn50 cannot be built so"):
        build("rn50", **numbers)


def test_gradients_reach_every_weight(narrow_frames):
    network = build("rn50", width=8).train()
    for module in network.modules():
        if module.__class__.__name__ == "PreciseConv2d":
            torch.nn.init.normal_(module.weight, std=0.01)
    sum(alpha.mean() for alpha in network(narrow_frames[:4])).backward()
    assert [name for name, weight in network.named_parameters() if weight.grad is None] == []


@torch.inference_mode()
def test_half_precision_stays_near_full_precision(narrow, narrow_frames):
    with torch.autocast("cpu", torch.bfloat16):
        rounded = stream(narrow, narrow_frames)
    assert rounded.dtype == torch.float32
    assert (rounded - stream(narrow, narrow_frames)).abs().max() < 0.02
