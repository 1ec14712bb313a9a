import sys

import pytest

from dvm_core.bridge.engine import find_python, home
from dvm_core.bridge.environment import engine_environment
from dvm_core.bridge.errors import EngineNotFound


@pytest.fixture(autouse=True)
def nothing_known(tmp_path, monkeypatch):
    monkeypatch.delenv("DVM_PYTHON", raising=False)
    monkeypatch.setenv("DVM_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()


@pytest.fixture
def pythons(tmp_path):
    paths = [tmp_path / name for name in ("set", "variable", "installed")]
    for path in paths:
        path.write_text("")
        path.chmod(0o755)
    return [str(path) for path in paths]


def _installed(content):
    (home() / "config.json").write_text(content)


def test_the_nearest_choice_counts(pythons, monkeypatch):
    setting, variable, installed = pythons
    _installed(f'{{"python": "{installed}"}}')
    assert find_python() == installed
    monkeypatch.setenv("DVM_PYTHON", variable)
    assert find_python() == variable
    assert find_python(setting) == setting


def test_a_choice_that_is_not_there_is_never_passed_over(pythons, monkeypatch, tmp_path):
    _installed(f'{{"python": "{pythons[2]}"}}')
    monkeypatch.setenv("DVM_PYTHON", str(tmp_path / "gone"))
    with pytest.raises(EngineNotFound, match=r"no Python at .*gone, as DVM_PYTHON says"):
        find_python()
    with pytest.raises(EngineNotFound, match="as the host's setting says"):
        find_python(str(tmp_path / "gone-too"))


def test_a_file_that_is_no_program_is_refused(tmp_path):
    (tmp_path / "text").write_text("")
    (tmp_path / "text").chmod(0o644)
    for path in (tmp_path / "text", tmp_path):
        with pytest.raises(EngineNotFound, match="no Python at"):
            find_python(str(path))


def test_a_bare_name_is_refused_for_it_could_be_the_hosts_own_python():
    with pytest.raises(EngineNotFound, match="full path"):
        find_python("python3")


def test_a_link_into_an_environment_stays_that_link(tmp_path):
    (tmp_path / "python").symlink_to(sys.executable)
    assert find_python(str(tmp_path / "python")) == str(tmp_path / "python")


def test_without_any_choice_the_message_says_what_to_do():
    with pytest.raises(EngineNotFound, match=r"run `dvm install`.*DVM_PYTHON") as raised:
        find_python()
    assert raised.value.exit_code == 2


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"python": 7}', '{"python": null}', "\xff"])
def test_a_file_that_does_not_say_is_refused(content):
    _installed(content)
    with pytest.raises(EngineNotFound, match=r"config\.json does not say"):
        find_python()


def test_the_environment_is_the_hosts_without_its_own_libraries(monkeypatch):
    hosts = ("PYTHONHOME", "PYTHONPATH", "PYTHONNOUSERSITE", "LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_INSERT_LIBRARIES")
    for name in (*hosts, "QT_PLUGIN_PATH"):
        monkeypatch.setenv(name, "host")
    for name in ("OCIO", "DVM_MODELS", "CUDA_VISIBLE_DEVICES", "HOME"):
        monkeypatch.setenv(name, "user")
    environment = engine_environment({"LD_LIBRARY_PATH": "chosen", "NEW": "1"})
    assert not {*hosts, "QT_PLUGIN_PATH"} - {"LD_LIBRARY_PATH"} & environment.keys()
    assert (environment["LD_LIBRARY_PATH"], environment["NEW"]) == ("chosen", "1")
    assert {environment[name] for name in ("OCIO", "DVM_MODELS", "CUDA_VISIBLE_DEVICES", "HOME")} == {"user"}
