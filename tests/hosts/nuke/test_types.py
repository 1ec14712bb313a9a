"""The plug-in and the fake against what is known of Nuke's Python: its types, its names, its interpreters."""

import ast
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

STUBS = importlib.util.find_spec("nuke-stubs")
HOSTS = {"Nuke 13": "3.7", "Nuke 14": "3.9", "Nuke 15": "3.10", "Nuke 16 and 17": "3.11"}


@pytest.mark.skipif(STUBS is None, reason="types-nuke is not installed; it comes with the extra [dev]")
def test_the_plugin_fits_nukes_types(plugin, tmp_path):
    command = ["-m", "mypy", "--strict", "--python-version", "3.10", "--untyped-calls-exclude", "nuke"]
    sources = ["init.py", "menu.py", "python/dvm_nuke"]
    ran = subprocess.run(
        [sys.executable, *command, "--config-file", "", "--cache-dir", str(tmp_path), *sources],
        cwd=plugin,
        env={"MYPYPATH": "python", "PATH": ""},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_plugin_imports_nuke_itself_and_the_standard_library(plugin):
    found = set()
    for path in plugin.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add(node.module.partition(".")[0])
    assert found - sys.stdlib_module_names == {"nuke", "dvm_nuke"}


def names_of_nuke():
    """Every name at the top of types-nuke, and those inside each class, inherited ones included."""
    names, classes = set(), {}
    for path in Path(STUBS.submodule_search_locations[0]).glob("*.pyi"):
        for item in ast.parse(path.read_text()).body:
            targets = [item.target] if isinstance(item, ast.AnnAssign) else []
            names |= {target.id for target in targets}
            if isinstance(item, ast.FunctionDef):
                names.add(item.name)
            if isinstance(item, ast.ClassDef):
                names.add(item.name)
                bases = [base.id for base in item.bases if isinstance(base, ast.Name)]
                classes[item.name] = ({part.name for part in item.body if isinstance(part, ast.FunctionDef)}, bases)
    return names, classes


def members(classes, name):
    own, bases = classes.get(name, (set(), []))
    return own.union(*(members(classes, base) for base in bases))


@pytest.mark.skipif(STUBS is None, reason="types-nuke is not installed; it comes with the extra [dev]")
def test_the_fake_has_no_name_that_nuke_has_not(nuke, stage):
    import nuke_knobs

    names, classes = names_of_nuke()
    assert set(nuke.__all__) <= names
    own = {"expression_value", "add_user_knob", "picture", "user", "adopt"}  # the fake's inside, which no plug-in sees
    for kind in (nuke.Node, nuke.Group, nuke.Root, nuke.FrameRange, nuke.FrameRanges, nuke.ProgressTask, nuke.Undo):
        public = {name for name in dir(kind) if not name.startswith("_")}
        assert public - members(classes, kind.__name__) - own == set(), kind.__name__
    public = {name for name in dir(nuke_knobs.Knob) if not name.startswith("_")}
    buttons = members(classes, "Script_Knob")
    assert public - members(classes, "Knob") - buttons == set()


_PROGRAM = """
import importlib, pathlib, sys, types
nuke = types.ModuleType("nuke")
nuke.GUI = False
for name in ("Node", "Group", "ProgressTask"):
    setattr(nuke, name, type(name, (), {}))
sys.modules["nuke"] = nuke
folder = pathlib.Path(sys.argv[1], "python")
sys.path.insert(0, str(folder))
for file in sorted(folder.rglob("*.py")):
    importlib.import_module(".".join(file.relative_to(folder).with_suffix("").parts).replace(".__init__", ""))
from dvm_nuke import colour, keyframes, names, span
values = {"folder": "/a", "script": "b", "node": "c", "id": "d"}
assert names.expand("{folder}/{script}/{node}_{id}.####.exr", values) == "/a/b/c_d.####.exr"
assert keyframes.write(keyframes.read("3 1-2")) == "1, 2, 3"
assert span.between_keys(span.Span(20, 21), span.Span(1, 99), [5, 50]) == (5, 50)
assert colour.Management(False, "linear", "").engine_working == "lin_rec709_scene"
assert not {"numpy", "torch"} & set(sys.modules)
"""


@pytest.mark.parametrize("version", HOSTS.values(), ids=HOSTS)
def test_every_module_loads_in_a_nukes_python_alone(version, plugin, tmp_path):
    builds = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    python = builds[-1] if builds else shutil.which(f"python{version}")
    if python is None or "shims" in Path(python).parts:
        pytest.skip(f"there is no Python {version} on this machine")
    program = tmp_path / "host.py"
    program.write_text(_PROGRAM)
    ran = subprocess.run(
        [str(python), "-I", "-S", "-B", str(program), str(plugin)], capture_output=True, text=True, timeout=300
    )
    assert ran.returncode == 0, ran.stderr
