import json
import subprocess
import sys
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from dvm_core.bridge.errors import InputError, ModelError
from dvm_core.model import cues, weights
from dvm_core.model.lite import Lite
from dvm_core.training.dataset import Batches, open_library, turned
from dvm_core.training.library import add_rendered
from dvm_core.training.objective import answer
from dvm_core.training.state import Average, load_state, save_state
from dvm_core.training.train import train


def test_a_batch_depends_on_its_number_alone(recipe, library):
    first, again = (Batches(recipe, library)[3] for _ in range(2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert first["frames"].shape == (2, 1, cues.CHANNELS, 64, 64)
    assert first["contrast"].shape == (2, 1, 3, 64, 64)


def test_windows_have_three_frames(recipe, library):
    batch = Batches(replace(recipe, window=True), library)[0]
    assert batch["frames"].shape[1] == batch["alpha"].shape[1] == 3


def test_keys_tell_more_than_the_trimaps_of_keyed_takes_know(recipe, library):
    keyed = Batches(replace(recipe, data=replace(recipe.data, keyed=1.0)), library)
    told, untold = [], []
    for number in range(12):
        frames, alpha = (keyed[number][name][:, 0] for name in ("frames", "alpha"))
        trimap_knows = frames[:, 3].flatten(1).any(1)  # some known foreground
        familiar = frames[:, 19:20][(alpha == 1) & (frames[:, 4:5] == 1)]
        told += [float(familiar.mean())] if len(familiar) else []
        untold += (~trimap_knows).tolist()
    assert any(untold)
    assert np.mean(told) > 0.8  # what is solid and unknown has colours that the key knows


def test_turned_batches_keep_frame_and_truth_together(recipe, library):
    batch = Batches(recipe, library)[0]
    for turn in range(4):
        other = turned(batch, turn)
        unknown = other["frames"][:, :, 4:5] == 1
        assert torch.equal(unknown, other["unknown"])
    assert torch.equal(turned(turned(batch, 3), 2)["alpha"], batch["alpha"].flip(-1))


def test_a_run_cut_in_two_ends_where_the_whole_one_does(recipe):
    whole = train(recipe)
    assert whole.finished
    cut = replace(recipe, out=recipe.out + "-cut")
    half = train(cut, minutes=0.0)
    assert half.step == 1
    rest = train(cut, resume=half.state)
    assert rest.finished
    first, second = (load_state(result.state) for result in (whole, rest))
    for part in ("network", "average"):
        for name, value in first[part].items():
            assert torch.allclose(value.float(), second[part][name].float(), atol=1e-6), name


def test_a_state_of_another_optimiser_is_refused_with_the_way_out(recipe):
    half = train(recipe, minutes=0.0)
    save_state(half.state, {**load_state(half.state), "optimiser": {"state": {}, "param_groups": []}})
    with pytest.raises(ModelError, match='"start" of the recipe'):
        train(recipe, resume=half.state)


def test_training_lowers_the_error_of_takes_that_it_does_not_see(recipe, tmp_path):
    untrained, trained = (
        train(replace(recipe, steps=steps, warmup=5, seed=2, out=str(tmp_path / str(steps)))) for steps in (1, 40)
    )
    for score in ("mae", "mse", "sad"):
        assert trained.scores[score] < untrained.scores[score]


def test_a_loader_starts_where_opencv_has_threads_running(recipe):
    before = cv2.getNumThreads()
    try:
        cv2.setNumThreads(2)
        cv2.GaussianBlur(np.zeros((2000, 2000, 3), np.float32), (0, 0), 3.0)  # large enough for OpenCV to share it out
        assert train(replace(recipe, steps=1, loaders=1)).finished
    finally:
        cv2.setNumThreads(before)


def test_the_temporal_phase_moves_the_fusion(recipe):
    result = train(replace(recipe, window=True, steps=2, pixels=3 * 64 * 64, warmup=1))
    widen = load_state(result.state)["network"]["fusion.4.widen.weight"]
    assert float(widen.abs().max()) > 0


def test_a_step_alone_leaves_the_fusion_without_neighbours(recipe):
    recipe = replace(recipe, window=True, steps=2, pixels=3 * 64 * 64, warmup=1)
    library = open_library(recipe.data)
    assert not Batches(replace(recipe, alone=0.0), library)[0]["alone"]
    batch = Batches(replace(recipe, alone=1.0), library)[0]
    assert batch["alone"]
    network = Lite().eval()
    with torch.no_grad():
        alone, _ = answer(network, batch["frames"], recipe, alone=True)
        changed = batch["frames"].clone()
        changed[:, 0] = changed[:, 0].flip(-1)
        again, _ = answer(network, changed, recipe, alone=True)
    assert torch.equal(alone[:, 1:], again[:, 1:])


def test_rendered_pictures_take_their_share_of_the_foregrounds(tmp_path, recipe):
    library = open_library(recipe.data)
    picture = np.full((100, 100, 4), 77, np.uint8)
    cv2.imwrite(str(tmp_path / "0000.png"), picture)
    mixed = add_rendered(library, tmp_path, 0.5)
    count, size = len(library.foregrounds), library.foregrounds.shape[1]
    assert len(mixed.foregrounds) == 2 * count
    assert mixed.foregrounds[count:].shape == (count, size, size, 4)
    assert (mixed.foregrounds[count:] == 77).all()


def test_rendered_pictures_may_be_small_webp_with_exact_alpha(tmp_path, recipe):
    library = open_library(recipe.data)
    size = library.foregrounds.shape[1]
    picture = np.random.default_rng(0).integers(0, 256, (size, size, 4), np.uint8)
    cv2.imwrite(str(tmp_path / "0000.webp"), picture, [cv2.IMWRITE_WEBP_QUALITY, 80])
    mixed = add_rendered(library, tmp_path, 0.01)
    np.testing.assert_array_equal(mixed.foregrounds[-1, ..., 3], picture[..., 3])


def test_a_rendered_picture_without_alpha_is_refused(tmp_path, recipe):
    cv2.imwrite(str(tmp_path / "0000.png"), np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(InputError, match="alpha"):
        add_rendered(open_library(recipe.data), tmp_path, 0.5)


def test_the_average_follows_slowly_and_counts_batches():
    network = torch.nn.Sequential(torch.nn.Linear(1, 1), torch.nn.BatchNorm1d(1))
    average = Average(network, 0.9)
    start = average.values["0.weight"].clone()
    with torch.no_grad():
        network[0].weight += 1.0
        network[1].num_batches_tracked += 5
    average.update(network, step=1000)
    assert torch.allclose(average.values["0.weight"], start + 0.1)
    assert int(average.values["1.num_batches_tracked"]) == 5


@pytest.mark.parametrize("content", [b"", b"no state", b"PK\x03\x04 cut short"])
def test_a_file_that_is_no_state_is_refused(tmp_path, content):
    path = tmp_path / "run.state"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="state of a training run"):
        load_state(path)


STATE = {"network": {}, "average": {}, "optimiser": {}, "step": 3, "history": []}


def test_a_large_state_lies_in_pieces_that_small_transfers_can_carry(tmp_path):
    path = tmp_path / "run.state"
    weights = torch.randn(5_000_000, generator=torch.Generator().manual_seed(1))
    save_state(path, {**STATE, "network": {"weight": torch.zeros(9)}})
    save_state(path, {**STATE, "network": {"weight": weights}})
    files = list(tmp_path.iterdir())
    assert len(files) == 3  # a list and two pieces; what the first state needed is gone
    assert max(file.stat().st_size for file in files) <= 15_000_000
    assert torch.equal(load_state(path)["network"]["weight"], weights)


@pytest.mark.parametrize("harm", ["gone", "changed"])
def test_a_state_with_a_damaged_piece_is_refused(tmp_path, harm):
    path = tmp_path / "run.state"
    save_state(path, STATE)
    (piece,) = tmp_path.glob("run.state.*")
    if harm == "gone":
        piece.unlink()
    else:
        piece.write_bytes(piece.read_bytes()[:-1] + b"?")
    with pytest.raises(ModelError, match=r"state of a training run.*run\.state"):
        load_state(path)


def test_a_list_that_points_out_of_its_folder_is_refused(tmp_path):
    path = tmp_path / "run.state"
    path.write_text(json.dumps({"format": "dvm-state/1", "pieces": ["../other"]}))
    with pytest.raises(ModelError, match="damaged"):
        load_state(path)


def test_a_state_of_something_else_is_refused(tmp_path):
    path = tmp_path / "run.state"
    save_state(path, {"weights": torch.zeros(1)})
    with pytest.raises(ModelError, match="without"):
        load_state(path)


BARE = """
import sys
from importlib.abc import MetaPathFinder
blocked = {"OpenImageIO", "pymatting", "fileseq", "typer", "rich", "safetensors", "scipy", "numba", "PIL"}
blocked |= {"matplotlib", "tensorboard"}
class Blocker(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in blocked:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Blocker())
from dvm_core.training.recipe import load_recipe
from dvm_core.training.train import train
print(train(load_recipe(sys.argv[1])).step)
"""
"""Training where there is torch, NumPy and OpenCV alone."""


NOT_BUILT = """
import os, sys
os.environ.pop("DVM_KERNELS", None)
sys.modules["dvm_core._C"] = None  # Python's own way to make an import fail
"""


def train_bare(recipe_file, before=""):
    return subprocess.run([sys.executable, "-c", before + BARE, str(recipe_file)], capture_output=True, text=True)


def test_training_needs_torch_numpy_and_opencv_alone(recipe, tmp_path):
    document = json.loads((tmp_path / "recipe.json").read_text())
    (tmp_path / "recipe.json").write_text(json.dumps({**document, "steps": 20}))
    done = train_bare(tmp_path / "recipe.json")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["20"]


def test_windows_are_trained_where_our_kernels_are_not_built(recipe, tmp_path):
    document = json.loads((tmp_path / "recipe.json").read_text())
    document |= {"steps": 2, "warmup": 1, "window": True, "pixels": 3 * 64 * 64}
    (tmp_path / "recipe.json").write_text(json.dumps(document))
    done = train_bare(tmp_path / "recipe.json", NOT_BUILT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["2"]
    assert "our kernels are not built for cpu here: deformable convolution runs on reference" in done.stderr


def test_a_run_starts_from_a_state_with_torch_numpy_and_opencv_alone(recipe, tmp_path):
    begun = train(recipe, minutes=0.0)
    document = json.loads((tmp_path / "recipe.json").read_text())
    (tmp_path / "recipe.json").write_text(json.dumps({**document, "name": "next", "start": str(begun.state)}))
    done = train_bare(tmp_path / "recipe.json")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["8"]


def test_a_weight_file_without_its_reader_says_what_to_do(recipe, tmp_path):
    document = json.loads((tmp_path / "recipe.json").read_text())
    (tmp_path / "recipe.json").write_text(json.dumps({**document, "start": "lite"}))
    done = train_bare(tmp_path / "recipe.json")
    assert done.returncode != 0
    assert "install it, or begin the run where it is installed" in done.stderr


def test_weights_of_another_network_are_no_start(recipe, tmp_path):
    state = {"network": {}, "average": {"w": torch.zeros(1)}, "optimiser": {}, "step": 0, "history": []}
    save_state(tmp_path / "other.state", state)
    with pytest.raises(ModelError, match="another version"):
        train(replace(recipe, start=str(tmp_path / "other.state")))


def test_exported_weights_give_the_averaged_network(recipe):
    result = train(recipe)
    record = weights.info(result.weights)
    network = Lite()
    network.load_state_dict(load_state(result.state)["average"])
    network.eval()
    frames = torch.from_numpy(np.random.default_rng(0).random((1, cues.CHANNELS, 64, 64), dtype=np.float32))
    with torch.no_grad():
        expected, found = network(frames), weights.load(result.weights)(frames)
    assert float((expected - found).abs().max()) < 5e-3  # half precision on disk
    assert record.training["steps"] == 8
    assert record.training["validation"]["mae"] == pytest.approx(result.scores["mae"])


def test_variances_too_large_for_half_precision_move_into_the_weights():
    from dvm_core.training.export import in_half_range

    network = Lite().eval()
    frames = torch.rand(1, cues.CHANNELS, 64, 64)
    with torch.no_grad():
        network.stem_half.norm.running_var.fill_(4e5)
        network.levels["8"][1].second[1].running_var.fill_(2e5)
        expected = network(frames)
        state = in_half_range(network.state_dict())
        network.load_state_dict(state)
        assert float((network(frames) - expected).abs().max()) < 1e-5
    assert max(float(value.abs().max()) for value in state.values()) < 65504


def test_a_run_starts_from_the_average_of_another(recipe):
    first = train(recipe)
    second = train(replace(recipe, name="next", start=str(first.state), window=True, frozen=True, steps=1, rate=0.0))
    before, after = load_state(first.state)["average"], load_state(second.state)["network"]
    assert all(torch.equal(before[name], after[name]) for name in before if not name.startswith("fusion"))
