import sys
from dataclasses import replace

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from dvm_core.training.board import Board
from dvm_core.training.state import load_state
from dvm_core.training.train import train


def scalars(folder):
    read = EventAccumulator(str(folder))
    read.Reload()
    return {tag: [(event.step, event.value) for event in read.Scalars(tag)] for tag in read.Tags()["scalars"]}


def test_tensorboard_reads_what_was_noted(tmp_path):
    board = Board(tmp_path, 0)
    board.note("loss", {"total": 2.5, "temporal": 0.5}, 10)
    board.note("loss", {"total": 1.25, "temporal": 0.25}, 20)
    board.flush()
    assert scalars(tmp_path) == {"loss/total": [(10, 2.5), (20, 1.25)], "loss/temporal": [(10, 0.5), (20, 0.25)]}


def test_steps_that_an_interrupted_slice_did_in_vain_are_hidden(tmp_path):
    first = Board(tmp_path, 0)
    for step in (10, 20, 30):
        first.note("loss", {"total": 1.0}, step)
    first.flush()
    second = Board(tmp_path, 20)
    second.note("loss", {"total": 0.5}, 30)
    second.flush()
    assert scalars(tmp_path) == {"loss/total": [(10, 1.0), (20, 1.0), (30, 0.5)]}


def test_a_run_shows_its_losses_and_its_validation(recipe):
    recipe = replace(recipe, steps=10, validate_every=5)
    result = train(recipe)
    shown = scalars(result.state.parent / "tensorboard" / recipe.name)
    history = load_state(result.state)["history"]
    assert [step for step, _ in shown["loss/total"]] == [10]
    assert shown["validation/mae"][-1] == (10, pytest.approx(history[-1]["mae"]))
    assert {tag.split("/")[0] for tag in shown} == {"loss", "validation"}


def test_without_tensorboard_nothing_is_written(tmp_path, monkeypatch):
    for name in ("tensorboard", "torch.utils.tensorboard"):
        monkeypatch.setitem(sys.modules, name, None)
    board = Board(tmp_path / "none", 0)
    board.note("loss", {"total": 1.0}, 1)
    board.flush()
    assert not (tmp_path / "none").exists()
