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
from addon.carried.fake import FakeWorker
assert FakeWorker().run(job).wait()["event"] == "done"
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


@pytest.fixture(params=VERSIONS)
def host(request, tmp_path):
    """A host's Python that carries the bridge inside an add-on; runs a program and gives what it printed."""
    python = _interpreter(request.param)
    if python is None:
        pytest.skip(f"there is no Python {request.param} on this machine")
    addon = tmp_path / "addon"
    addon.mkdir()
    (addon / "__init__.py").write_text("")
    shutil.copytree(BRIDGE, addon / "carried", ignore=shutil.ignore_patterns("__pycache__"))

    def run(program, *arguments):
        (tmp_path / "host.py").write_text(program)
        ran = subprocess.run(
            [python, "-I", "-S", "-B", str(tmp_path / "host.py"), str(tmp_path), *arguments],
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.split()

    run.version = request.param
    return run


def test_the_bridge_works_alone_in_a_hosts_python(host, tmp_path):
    assert host(_PROGRAM, str(tmp_path)) == host.version.split(".")


_HOST_AND_ENGINE = """
import json, sys
sys.path.insert(0, sys.argv[1])
from addon.carried.client import Worker
from addon.carried.job import MatteJob
worker = Worker(sys.argv[2])
task = worker.run(MatteJob(*sys.argv[3:6], model="closed-form"))
first = task.wait(240)
again = worker.run(MatteJob(*sys.argv[3:6], model="closed-form")).wait(240)
assert worker.start()["protocol"] == 1 and worker.ping(60) > 0
worker.stop()
assert worker.pid is None
print(first["event"], [event["event"] for event in task.poll()].count("frame"), again["event"], again["code"])
"""


@pytest.mark.parametrize("host", ["3.7", "3.9", "3.10", "3.11", "3.13"], indirect=True)  # Nuke 13 to 17, Blender
def test_a_hosts_python_has_the_engine_matte(host, make_job):
    job = make_job(2)
    # The second job finds its frames there already, and says so.
    assert host(_HOST_AND_ENGINE, sys.executable, job.plate, job.trimap, job.output) == ["done", "2", "error", "6"]
    assert len(list(Path(job.output).parent.glob("alpha.100?.exr"))) == 2
