"""The adapter's Python as hosts have it: old syntax, the standard library alone, and the names of the typing stubs."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
ADAPTER = ROOT / "resolve_fuse"
FILES = sorted(ADAPTER.rglob("*.py"))
BUILDS = Path.home() / ".pyenv" / "versions"  # looked up before a test gets a home of its own
SCRIPTS = sorted((ADAPTER / "Scripts").rglob("*.py"))

_PROGRAM = """
import importlib, pathlib, sys
sys.path.insert(0, sys.argv[1])
package = pathlib.Path(sys.argv[1], "dvm_resolve")
for file in sorted(package.glob("*.py")):
    if file.stem != "fusion_api":  # for type checkers alone
        importlib.import_module("dvm_resolve." + file.stem)
from dvm_resolve import clip
cut = clip.Clip("a", "a.%04d.exr", first=1001, start=100, duration=10, left=5)
assert cut.number(100) == 1006 and cut.cut({}, 0) == (100, 109)
foreign = [name for name in ("numpy", "torch", "tkinter", "fusionscript", "dvm_core") if name in sys.modules]
assert not foreign, foreign
print(sys.version_info[0], sys.version_info[1])
"""


def name(path):
    return path.relative_to(ADAPTER).as_posix()


def interpreter(version):
    """A Python of that version; pyenv's shims only work for versions switched on."""
    builds = sorted(BUILDS.glob(f"{version}.*/bin/python"))
    found = str(builds[-1]) if builds else shutil.which(f"python{version}")
    return None if found is None or "shims" in Path(found).parts else found


@pytest.mark.parametrize("path", FILES, ids=name)
def test_a_file_reads_as_python_37(path):
    ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 7))


@pytest.mark.parametrize("path", FILES, ids=name)
def test_a_file_imports_the_standard_library_alone(path):
    """Blackmagic's typing stubs are for type checkers: nothing imports them where code runs."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    checked = [
        node for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    typing = {inner for node in checked for inner in ast.walk(node)}
    for node in set(ast.walk(tree)) - typing:
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module]
        beyond = {each.partition(".")[0] for each in names} - sys.stdlib_module_names
        assert beyond <= ({"dvm_resolve"} if path in SCRIPTS else set())


@pytest.mark.parametrize("version", ["3.7", "3.9", "3.10", "3.13"])
def test_the_package_loads_in_a_hosts_bare_python(version, user_folder):
    python = interpreter(version)
    if python is None:
        pytest.skip(f"there is no Python {version} on this machine")
    command = [python, "-I", "-S", "-B", "-c", _PROGRAM, str(user_folder / "Modules" / "Python")]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == version.split(".")


def test_the_scripts_of_the_menu_differ_in_nothing_but_what_they_start():
    def body(path):
        return path.read_text(encoding="utf-8").partition('"""\n')[2].rpartition("scripts.run(")[0]

    assert len(SCRIPTS) == 4
    assert len({body(path) for path in SCRIPTS}) == 1


@pytest.mark.parametrize("told", [True, False], ids=["with __file__", "without __file__"])
def test_a_script_finds_its_package_though_nobody_set_a_path(user_folder, home, told):
    """Without `__file__`, as some Resolves run a script, the user's own folder is where it looks."""
    script = user_folder / "Scripts" / "Utility" / "DVM Matte Clip.py"
    if not told:
        standard = home / ".local" / "share" / "DaVinciResolve"
        standard.mkdir(parents=True)
        (standard / "Fusion").symlink_to(user_folder)
    program = (
        f"source = open({str(script)!r}, encoding='utf-8').read()\n"
        f"exec(compile(source, 'script', 'exec'), {{'__file__': {str(script)!r}}} if {told} else {{}})"
    )
    environment = {key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")}
    command = [sys.executable, "-I", "-B", "-c", program]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment, cwd=home)
    assert ran.returncode == 0, ran.stderr
    assert "DaVinci Resolve does not answer" in ran.stdout


def test_every_call_of_resolve_fits_the_typing_stubs(user_folder, tmp_path):
    """mypy, strict, with the bridge inside the package as an installed adapter has it."""
    command = [sys.executable, "-m", "mypy", "--strict", "--python-version", "3.10", "--cache-dir", str(tmp_path)]
    ran = subprocess.run(
        [*command, "--package", "dvm_resolve"],
        cwd=user_folder / "Modules" / "Python", capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout
