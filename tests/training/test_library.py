import numpy as np

from dvm_core.training import library as libraries
from dvm_core.training.library import make_library


def test_pictures_made_by_several_processes_are_those_of_one(tmp_path, monkeypatch):
    plain = make_library(tmp_path / "one", foregrounds=7, backgrounds=6, size=64, seed=3)
    monkeypatch.setattr(libraries, "_WORTH_PROCESSES", 5)
    shared = make_library(tmp_path / "many", foregrounds=7, backgrounds=6, size=64, seed=3)
    np.testing.assert_array_equal(shared.foregrounds, plain.foregrounds)
    np.testing.assert_array_equal(shared.backgrounds, plain.backgrounds)


def test_only_missing_pictures_are_made(tmp_path, monkeypatch):
    first = make_library(tmp_path, foregrounds=3, backgrounds=2, size=64, seed=3)
    made = []
    monkeypatch.setattr(libraries, "_made", lambda *what: made.append(what) or np.zeros((64, 64, what[1]), np.uint8))
    second = make_library(tmp_path, foregrounds=5, backgrounds=2, size=64, seed=3)
    np.testing.assert_array_equal(second.foregrounds[:3], first.foregrounds)
    assert made == [(64, 4, 3, 3), (64, 4, 3, 4)]
