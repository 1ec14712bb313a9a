"""How `dvm train` hands its options over and tells the result; training itself has tests of its own."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from dvm_core.training import train as training
from dvm_core.training.recipe import load_recipe
from dvm_core.training.state import load_state


@pytest.fixture
def recipe(tmp_path):
    file = tmp_path / "recipe.json"
    file.write_text(json.dumps({"name": "small", "out": str(tmp_path), "steps": 7}))
    return file


@pytest.fixture
def runs(monkeypatch):
    """What was asked of training, in place of hours of it."""
    seen = []

    def train(recipe, minutes, resume, stopped):
        seen.append((recipe, minutes, resume))
        assert not stopped()
        training.log.info("step 3, loss 0.25")
        state, weights = Path("small.state"), "small.safetensors"
        return training.TrainResult(
            3, state, {"mse": 0.125}, finished=False, weights=weights, waited=recipe.loaders / 8
        )

    monkeypatch.setattr(training, "train", train)
    return seen


def test_recipe_time_and_state_reach_the_training(dvm, recipe, runs):
    assert dvm("train", recipe, "--minutes", "2.5", "--resume", "old.state").code == 0
    assert dvm("train", recipe).code == 0
    assert runs == [(load_recipe(recipe), 2.5, "old.state"), (load_recipe(recipe), None, None)]


def test_device_and_loaders_stand_in_place_of_the_recipes(dvm, recipe, runs):
    assert dvm("train", recipe, "--device", "cuda:1", "--loaders", "0").code == 0
    assert runs[0][0] == replace(load_recipe(recipe), device="cuda:1", loaders=0)


def test_a_run_that_waits_for_its_takes_says_so(dvm, recipe, runs):
    assert "waited" not in dvm("train", recipe, "--loaders", "0").out
    assert "waited for takes in 50% of the time: give it more --loaders" in dvm("train", recipe, "--loaders", "4").out


@pytest.mark.parametrize(("name", "code"), [("cuda:99", 4), ("tpu", 2)])
def test_a_device_that_is_none_ends_in_a_sentence(dvm, recipe, name, code):
    ran = dvm("train", recipe, "--device", name)
    assert ran.code == code
    assert name in ran.err


def test_the_log_is_shown_and_the_end_says_how_to_go_on(dvm, recipe, runs, tmp_path):
    ran = dvm("train", recipe, "--loaders", "0", "--log-file", tmp_path / "train.log")
    assert "step 3, loss 0.25" in ran.err
    assert "step 3, loss 0.25" in (tmp_path / "train.log").read_text()
    assert ran.out == (
        "Stopped at step 3 (mse 0.1250); to go on: --resume small.state; to matte: --model small.safetensors\n"
    )


def test_the_result_comes_as_json_too(dvm, recipe, runs):
    found = json.loads(dvm("train", recipe, "--loaders", "2", "--json").out)
    said = {"step": 3, "state": "small.state", "scores": {"mse": 0.125}, "finished": False}
    assert found == {**said, "weights": "small.safetensors", "waited": 0.25}


@pytest.mark.parametrize("content", [None, "{", '{"stepps": 3}', '{"steps": "many"}'])
def test_a_recipe_that_is_none_is_code_2(dvm, tmp_path, content):
    file = tmp_path / "recipe.json"
    if content is not None:
        file.write_text(content)
    ran = dvm("train", file)
    assert ran.code == 2
    assert "recipe.json" in ran.err


def test_a_state_that_is_none_is_code_5(dvm, recipe, tmp_path):
    (tmp_path / "bad.state").write_bytes(b"garbage")
    ran = dvm("train", recipe, "--resume", tmp_path / "bad.state")
    assert ran.code == 5
    assert "bad.state" in ran.err


def test_ctrl_c_ends_a_real_run_with_its_state_saved(tmp_path):
    recipe = tmp_path / "recipe.json"
    data = {"library": str(tmp_path / "library"), "foregrounds": 3, "backgrounds": 2, "picture_size": 64}
    recipe.write_text(
        json.dumps(
            {"name": "small", "out": str(tmp_path), "pixels": 4096, "sizes": [64], "shares": [1.0], "data": data}
        )
    )
    command = [sys.executable, "-m", "dvm_core.cli", "train", str(recipe)]
    run = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )  # a session of its own: the signal below reaches its loader too, as Ctrl-C in a terminal does
    try:
        assert '"step": 10.0' in run.stderr.readline()
        os.killpg(run.pid, signal.SIGINT)
        out, err = run.communicate(timeout=120)
    finally:
        run.kill()
    assert run.returncode == 0, err
    assert "Traceback" not in err
    assert out.startswith("Stopped at step ")
    assert load_state(tmp_path / "small.state")["step"] >= 10
