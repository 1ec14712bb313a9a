"""The bridge inside the Pythons that hosts have: old, without site-packages, carried in another package."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BRIDGE = Path(__file__).parents[2] / "dvm_core" / "bridge"
VERSIONS = ("3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13")

_PROGRAM = """
import json, sys
sys.path.insert(0, sys.argv[1])
import importlib, pathlib
for file in sorted(pathlib.Path(sys.argv[1], "addon", "carried").glob("*.py")):
    importlib.import_module("addon.carried." + file.stem)
from addon.carried.job import MatteJob
from addon.carried.jobdir import JobDirectory
from addon.carried import protocol
job = MatteJob.from_dict({"schema": "dvm-job/1", "plate": "p.####.exr", "trimap": "t.#.png", "output": "o.%04d.exr",
                          "range": "1-3", "settings": {"tile": 512}}, sys.argv[2])
directory = JobDirectory.create(sys.argv[2] + "/job", job)
directory.start()
directory.record(protocol.done(1, 0.5, ["o.0001.exr"]))
assert directory.job() == job and directory.status()["state"] == "done", directory.status()
foreign = [name for name in ("numpy", "torch", "typer") if name in sys.modules]
assert not foreign, foreign
print(sys.version_info[0], sys.version_info[1])
"""


def _interpreter(version):
    """A Python of that version; pyenv's shims are passed by, since they only work for versions switched on."""
    if version == f"{sys.version_info[0]}.{sys.version_info[1]}":
        return sys.executable
    builds = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    found = str(builds[-1]) if builds else shutil.which(f"python{version}")
    return None if found is None or "shims" in Path(found).parts else found


@pytest.mark.parametrize("version", VERSIONS)
def test_the_bridge_works_alone_in_a_hosts_python(version, tmp_path):
    python = _interpreter(version)
    if python is None:
        pytest.skip(f"there is no Python {version} on this machine")
    addon = tmp_path / "addon"
    addon.mkdir()
    (addon / "__init__.py").write_text("")
    shutil.copytree(BRIDGE, addon / "carried", ignore=shutil.ignore_patterns("__pycache__"))
    program = tmp_path / "host.py"
    program.write_text(_PROGRAM)
    ran = subprocess.run(
        [python, "-I", "-S", "-B", str(program), str(tmp_path), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == version.split(".")
