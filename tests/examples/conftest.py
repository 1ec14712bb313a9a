"""The demo's clip, small and short."""

import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
COUNT, SHRINK = 2, 5


@pytest.fixture(scope="session", autouse=True)
def _importable():
    """Examples are scripts: their own folder is on the path when they run."""
    added = [str(EXAMPLES), str(EXAMPLES / "demo")]
    sys.path[:0] = added
    yield
    for path in added:
        sys.path.remove(path)


@pytest.fixture(scope="session")
def clip(tmp_path_factory):
    from make_clip import make_clip

    return make_clip(tmp_path_factory.mktemp("clip"), COUNT, SHRINK)
