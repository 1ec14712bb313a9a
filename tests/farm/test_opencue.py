"""The job as pyoutline makes it; Cuebot itself is not to be had here."""

import shlex
import xml.etree.ElementTree as Tree

import pytest

from dvm_core.bridge.errors import UsageError
from dvm_core.farm import opencue as view
from dvm_core.farm.plan import Chunks, plan


def test_the_script_is_what_it_was(plain_plan, golden):
    golden("opencue/submit.py.txt", view.script(plain_plan(Chunks(4))))


def test_the_script_is_python(plain_plan):
    compile(view.script(plain_plan(Chunks(4))), "submit.py", "exec")


def test_chunks_by_time_are_refused(plain_plan):
    with pytest.raises(UsageError, match="--chunk"):
        view.script(plain_plan(Chunks(4, seconds=60)))


def test_pyoutline_makes_layers_chunks_needs_and_dependencies_of_it(clip, tmp_path, monkeypatch):
    pytest.importorskip("outline", reason="pyoutline is not installed: pip install opencue-pyoutline")
    monkeypatch.setenv("HOME", str(tmp_path))  # pyoutline keeps its sessions there
    made = plan(clip.job(out="my mattes", settings={"device": "cuda", "threads": 4}), Chunks(4), kernels="cuda-sm80")
    written = view.write(made, tmp_path / "job")
    assert [path.name for path in written] == ["submit.py", "job.xml"]
    spec = Tree.fromstring((tmp_path / "job" / "job.xml").read_text().partition(">")[2].partition(">")[2])
    matte, check = spec.iter("layer")
    assert (matte.findtext("range"), matte.findtext("chunk"), matte.findtext("cores")) == ("1001-1009", "4", "4.0")
    assert matte.findtext("gpus") == "1"
    assert matte.findtext("gpu_memory") == matte.findtext("memory")
    words = shlex.split(matte.findtext("cmd"))
    assert words[:2] == ["dvm", "matte"]
    assert f"{clip.folder}/my mattes/sh010.####.exr" in words
    assert "--range=#FRAMESPEC#" in words
    assert {key.get("name"): key.text for key in matte.iter("key")}["DVM_KERNELS"] == "cuda-sm80"
    depend = next(spec.iter("depend"))
    assert depend.get("type") == "LAYER_ON_LAYER"
    assert (depend.findtext("deplayer"), depend.findtext("onlayer")) == (check.get("name"), matte.get("name"))
