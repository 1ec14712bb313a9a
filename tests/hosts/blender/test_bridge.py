"""The bridge inside real Blenders, each with the Python that it ships with; `make hosts` installs them."""

import json
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = """
import json, sys, tempfile
import bpy
from dvm_core.bridge.job import MatteJob
from dvm_core.bridge.jobdir import JobDirectory
document = {"schema": "dvm-job/1", "plate": "p.####.exr", "trimap": "t.####.png", "output": "a.####.exr"}
job = MatteJob.from_dict(document, "/shots")
folder = tempfile.mkdtemp() + "/job"
directory = JobDirectory.create(folder, job)
heavy = "torch" in sys.modules
print(json.dumps({"blender": bpy.app.version_string, "job": directory.job().to_dict(), "heavy": heavy}))
"""


@pytest.mark.host
@pytest.mark.parametrize("version", ["4.2", "4.5", "5.0", "5.2"])
def test_a_job_is_written_and_read_back_inside_blender(version, tmp_path):
    python = ROOT / f".venv-blender-{version}" / "bin" / "python"
    if not (python.parent.parent / "installed").exists():
        pytest.skip(f"Blender {version} is not installed here; `make hosts` does that where its Python is found")
    result = subprocess.run([python, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True, timeout=300)
    found = json.loads(result.stdout.strip().splitlines()[-1])
    assert found["blender"].startswith(version)
    assert found["job"]["plate"] == "/shots/p.####.exr"
    assert not found["heavy"]
