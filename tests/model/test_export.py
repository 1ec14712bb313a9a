import subprocess
import sys

import pytest
import torch

from dvm_core.bridge.errors import ModelError, OutputError
from dvm_core.model import build, load
from dvm_core.model.export import WholeWindow, export
from dvm_core.model.weight_file import Record, write
from dvm_core.model.weights import import_checkpoint

RUN = """
import sys, torch
assert "dvm_core" not in sys.modules
inputs = torch.load(sys.argv[2])
torch.save(torch.jit.load(sys.argv[1])(*inputs), sys.argv[3])
assert "dvm_core" not in sys.modules
"""


@pytest.fixture(scope="module", params=["rn50", "lite"])
def weights_of(request, narrow_checkpoint, tmp_path_factory):
    path = tmp_path_factory.mktemp("export") / f"{request.param}.safetensors"
    if request.param == "rn50":
        import_checkpoint(narrow_checkpoint, path, source="test", licence="CC0-1.0")
        return path
    torch.manual_seed(2)
    network = build("lite", past=1, future=1)
    for weight in network.fusion.parameters():  # an untrained fusion adds nothing
        torch.nn.init.normal_(weight, std=0.05)
    write(path, network.state_dict(), Record("lite", {"past": 1, "future": 1}, "test", "CC0-1.0"))
    return path


@torch.inference_mode()
def test_an_exported_network_runs_alone_at_another_size(weights_of, tmp_path):
    export(weights_of, tmp_path / "net.pt")
    network = load(weights_of)
    channels = next(network.parameters()).shape[1]
    frames = torch.rand(3, channels, 96, 256, generator=torch.Generator().manual_seed(1))
    unknown = (torch.rand(1, 1, 96, 256, generator=torch.Generator().manual_seed(2)) > 0.5).float()
    torch.save([frames, unknown], tmp_path / "inputs.pt")
    command = [sys.executable, "-c", RUN, *(str(tmp_path / name) for name in ("net.pt", "inputs.pt", "out.pt"))]
    subprocess.run(command, check=True, cwd=tmp_path, timeout=300)
    expected = WholeWindow(network)(frames, unknown)
    assert expected.std() > 1e-3
    torch.testing.assert_close(torch.load(tmp_path / "out.pt"), expected, rtol=0, atol=1e-5)


def test_a_model_without_weights_is_not_exported(tmp_path):
    with pytest.raises(ModelError, match="Expected a network to export, found closed-form"):
        export("closed-form", tmp_path / "x.pt")


def test_a_place_that_cannot_be_written_is_named_and_left_clean(weights_of, tmp_path):
    (tmp_path / "taken.pt").mkdir()
    with pytest.raises(OutputError, match=r"taken\.pt' cannot be written"):
        export(weights_of, tmp_path / "taken.pt")
    assert [entry.name for entry in tmp_path.iterdir()] == ["taken.pt"]
