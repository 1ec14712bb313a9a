import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from dvm_core import ops
from dvm_core.cli import doctor

ROOT = Path(__file__).parents[2]
LOOKED_AT = ["engine", "device", "kernels", "threads", "colour", "models", "images", "movies", "hosts"]


def _findings(out):
    return {finding["what"]: finding for finding in json.loads(out)["findings"]}


def test_everything_is_looked_at_and_the_code_says_whether_something_is_wrong(dvm):
    ran = dvm("doctor", "--json")
    findings = _findings(ran.out)
    assert list(findings) == LOOKED_AT
    wrong = [finding for finding in findings.values() if finding["problem"]]
    assert json.loads(ran.out)["ok"] == (not wrong)
    assert ran.code == (wrong[0]["code"] if wrong else 0)
    assert "openexr" in findings["images"]["found"]
    assert "closed-form" in findings["models"]["found"] + findings["models"]["problem"]
    assert findings["movies"]["found"].startswith("PyAV" if find_spec("av") else "no")


def test_the_table_has_a_row_for_each(dvm):
    out = dvm("doctor").out
    first_words = {line.split()[0] for line in out.splitlines() if line.strip()}
    assert set(LOOKED_AT) <= first_words


def test_a_colour_configuration_that_is_none_is_a_problem_with_its_remedy(tmp_path):
    # A process of its own: the configuration is read once a process.
    program = "from dvm_core.cli import doctor; print(doctor._look('colour', doctor._colour))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OCIO": str(tmp_path / "nothing.ocio")}
    ran = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr
    assert "nothing.ocio" in ran.stdout
    assert "code=2" in ran.stdout


def test_reference_kernels_are_a_note_with_its_remedy(dvm, monkeypatch):
    monkeypatch.setattr("dvm_core.ops.kernels", lambda device: "reference")
    finding = _findings(dvm("doctor", "--json").out)["kernels"]
    assert finding["found"].startswith("cpu: reference")
    assert "DVM_KERNELS" in finding["note"]
    assert finding["code"] == 0


def test_fused_kernels_say_which_layers_they_fuse(dvm, monkeypatch):
    monkeypatch.setattr("dvm_core.ops.kernels", lambda device: "cuda-sm90-fused")
    found = _findings(dvm("doctor", "--json").out)["kernels"]["found"]
    assert "cuda-sm90-fused" in found
    assert "256 channels; others by columns" in found


def test_a_missing_default_model_is_code_5(dvm, monkeypatch):
    monkeypatch.setattr("dvm_core.model.weights.available", lambda: ["closed-form"])
    ran = dvm("doctor", "--json")
    finding = _findings(ran.out)["models"]
    assert finding["code"] == 5
    assert "--model closed-form" in finding["problem"]


def test_a_damaged_weight_file_of_the_users_is_a_note_that_names_it(dvm, monkeypatch, tmp_path):
    monkeypatch.setenv("DVM_MODELS", str(tmp_path))
    (tmp_path / "mine.safetensors").write_bytes(b"half a download")
    ran = dvm("doctor", "--json")
    finding = _findings(ran.out)["models"]
    assert finding["found"].endswith("; unusable: mine")
    assert str(tmp_path / "mine.safetensors") in finding["note"]
    assert (finding["problem"], finding["code"]) == ("", 0)


def test_device_and_kernels_are_those_that_a_job_would_run_on(dvm):
    findings = _findings(dvm("doctor", "--json").out)
    assert findings["kernels"]["found"].startswith(f"cpu: {ops.kernels('cpu')}")
    if torch.cuda.is_available():
        assert torch.cuda.get_device_name(0) in findings["device"]["found"]
        assert f"cuda: {ops.kernels('cuda')}" in findings["kernels"]["found"]
    else:
        assert findings["device"]["found"].startswith("cpu, fp32")
        assert "cuda" not in findings["kernels"]["found"]


@pytest.mark.parametrize("formats", [("png",), ("openexr", "dpx", "tiff", "png")])
def test_a_format_that_is_missing_is_a_problem(monkeypatch, formats):
    monkeypatch.setattr("dvm_core.io.formats.image_formats", lambda: formats)
    finding = doctor._look("images", doctor._images)
    assert "jpeg" in finding.problem
    assert finding.code == 3


def test_installed_adapters_are_named_and_outdated_ones_told(dvm, tmp_path, monkeypatch):
    monkeypatch.setenv("DVM_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DVM_PYTHON", raising=False)
    assert _findings(dvm("doctor", "--json").out)["hosts"]["found"] == "no adapter installed"
    assert dvm("install", "nuke", "--dest", tmp_path / "dvm").code == 0
    found = _findings(dvm("doctor", "--json").out)["hosts"]
    assert (found["found"], found["note"]) == (f"Nuke ({tmp_path}/dvm)", "")
    (tmp_path / "dvm" / "menu.py").write_text("old")
    assert "run `dvm install nuke` again" in _findings(dvm("doctor", "--json").out)["hosts"]["note"]
    monkeypatch.setenv("DVM_PYTHON", "/bin/sh")
    assert "another engine than this one: /bin/sh" in _findings(dvm("doctor", "--json").out)["hosts"]["note"]
