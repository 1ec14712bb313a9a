"""`dvm.engine` against the bridge's own search: the same answer wherever both can give one."""

import json
import sys

import pytest

from dvm_core.bridge.engine import find_python
from dvm_core.bridge.errors import EngineNotFound


@pytest.fixture
def pythons(tmp_path):
    """Three Pythons, so that it shows which one was taken."""
    found = {}
    for name in ("control", "variable", "config"):
        found[name] = tmp_path / name / "python"
        found[name].parent.mkdir()
        found[name].symlink_to(sys.executable)
    return {name: str(path) for name, path in found.items()}


def configure(home, content):
    (home / ".dvm").mkdir(parents=True)
    (home / ".dvm" / "config.json").write_text(content)


@pytest.mark.parametrize("there", [["control", "variable", "config"], ["variable", "config"], ["config"]])
def test_the_nearest_word_counts_as_in_the_bridge(fusion, pythons, home, monkeypatch, there):
    configure(home, json.dumps({"python": pythons["config"], "engine": {"version": "1"}}))
    if "variable" in there:
        monkeypatch.setenv("DVM_PYTHON", pythons["variable"])
    explicit = pythons["control"] if "control" in there else ""
    assert fusion.require("engine").find(explicit) == find_python(explicit) == pythons[there[0]]


def test_dvm_home_names_another_folder(fusion, pythons, tmp_path, monkeypatch):
    monkeypatch.setenv("DVM_HOME", str(tmp_path / "studio"))
    (tmp_path / "studio").mkdir()
    (tmp_path / "studio" / "config.json").write_text(json.dumps({"python": pythons["config"]}))
    assert fusion.require("engine").find("") == find_python("") == pythons["config"]


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"python": 3}', '{"python": "/not/there"}', '{"python": "python3"}']
)
def test_a_config_that_names_no_python_is_said_as_in_the_bridge(fusion, home, content):
    configure(home, content)
    with pytest.raises(EngineNotFound) as expected:
        find_python("")
    python, sentence = fusion.require("engine").find("")
    assert python is None
    assert sentence.count(".") >= 1
    assert sentence.split(";")[0].split(" says ")[0] == expected.value.message.split(";")[0].split(" says ")[0]


@pytest.mark.parametrize(
    ("explicit", "says"), [("/not/there", "There is no Python at /not/there"), ("python3", "full path")]
)
def test_a_control_that_names_no_python_is_never_passed_over(fusion, pythons, monkeypatch, explicit, says):
    monkeypatch.setenv("DVM_PYTHON", pythons["variable"])
    python, sentence = fusion.require("engine").find(explicit)
    assert python is None
    assert says in sentence
    assert "Engine's Python" in sentence


def test_nothing_at_all_is_said_with_its_remedy(fusion):
    python, sentence = fusion.require("engine").find("")
    assert python is None
    assert "dvm install" in sentence
    assert "DVM_PYTHON" in sentence


def test_a_tilde_is_the_users_home(fusion, home):
    (home / "python").symlink_to(sys.executable)
    assert fusion.require("engine").find("~/python") == find_python("~/python") == str(home / "python")
