"""Benchmarks run from the repository's root: that is where they import from."""

import sys
from pathlib import Path

import pytest

ROOT = str(Path(__file__).parents[2])


@pytest.fixture(scope="session", autouse=True)
def _importable():
    sys.path.insert(0, ROOT)
    yield
    sys.path.remove(ROOT)
