import subprocess
import sys
from pathlib import Path

import pytest

from dvm_core.bridge.errors import DvmError, OutputError, UsageError
from dvm_core.install import ADAPTERS, lay_out, layout

ROOT = Path(__file__).parents[2]
BRIDGE = ROOT / "dvm_core" / "bridge"
HOSTS = sorted(ADAPTERS)


def _tree(folder):
    """Names and content of all files, but for what Python compiled."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }


@pytest.fixture(params=HOSTS)
def adapter(request):
    found = ADAPTERS[request.param]
    assert (ROOT / found.source).is_dir()
    return found


def test_an_adapter_is_its_folder_and_the_bridge(adapter, tmp_path):
    written = lay_out(adapter.host, tmp_path / "deep" / "adapter")
    laid = _tree(tmp_path / "deep" / "adapter")
    assert sorted(written) == sorted(tmp_path / "deep" / "adapter" / name for name in laid)
    carried = {f"{adapter.bridge}/{name}": content for name, content in _tree(BRIDGE).items()}
    assert laid == _tree(ROOT / adapter.source) | carried


def test_what_python_compiled_and_what_is_hidden_stays_behind(tmp_path, monkeypatch):
    source = tmp_path / "nuke_plugin"
    for name in ("init.py", "python/__pycache__/init.cpython-37.pyc", ".idea/x.xml", "python/.x.py.swp"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(b"x")
    monkeypatch.setattr(layout, "_PACKED", tmp_path)
    laid = lay_out("nuke", tmp_path / "out")
    assert [path.name for path in laid if "bridge" not in path.parts] == ["init.py"]
    assert not [path for path in laid if "__pycache__" in path.parts]


def test_the_bridge_runs_where_it_was_carried_to(adapter, tmp_path):
    lay_out(adapter.host, tmp_path / "a")
    package = tmp_path / "a" / adapter.bridge
    program = f"import sys; sys.path.insert(0, {str(package.parent)!r}); import bridge.job; print(bridge.__file__)"
    ran = subprocess.run([sys.executable, "-I", "-S", "-B", "-c", program], capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == str(package / "__init__.py")


def test_laying_out_again_replaces_what_was_there(tmp_path):
    first = lay_out("nuke", tmp_path)
    first[0].write_text("old")
    assert lay_out("nuke", tmp_path) == first
    assert first[0].read_text() != "old"


def test_a_host_without_an_adapter_is_refused(tmp_path):
    with pytest.raises(UsageError, match="nuke, blender, resolve; found 'maya'"):
        lay_out("maya", tmp_path)


def test_an_installation_without_adapters_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(layout, "_ENGINE", tmp_path / "dvm_core")
    monkeypatch.setattr(layout, "_PACKED", tmp_path / "adapters")
    with pytest.raises(DvmError, match="no adapter for Nuke"):
        lay_out("nuke", tmp_path / "out")


def test_a_folder_that_cannot_be_made_is_an_output_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="cannot be written"):
        lay_out("nuke", tmp_path / "file")
