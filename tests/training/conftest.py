import json

import numpy as np
import pytest

from dvm_core.training.library import Library, make_library
from dvm_core.training.recipe import load_recipe

SIZE = 96


@pytest.fixture(scope="session")
def library_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("library")


@pytest.fixture(scope="session")
def library(library_folder) -> Library:
    return make_library(library_folder, foregrounds=12, backgrounds=6, size=SIZE, seed=1)


@pytest.fixture
def recipe(library_folder, library, tmp_path):
    """A run so small that a step takes a fraction of a second."""
    document = {
        "name": "small", "out": str(tmp_path / "run"), "steps": 8, "warmup": 2, "pixels": 8192, "sizes": [64],
        "shares": [1.0], "loaders": 0, "bf16": False, "validate_every": 100,
        "data": {"library": str(library_folder), "foregrounds": 12, "backgrounds": 6, "picture_size": SIZE},
    }  # fmt: skip
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps(document))
    return load_recipe(path)


@pytest.fixture
def rng():
    return np.random.default_rng(11)
