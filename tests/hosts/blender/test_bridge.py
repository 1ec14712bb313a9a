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
def test_a_job_is_written_and_read_back_inside_blender(blender_python):
    ran = subprocess.run([blender_python, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout.strip().splitlines()[-1])
    assert blender_python.parent.parent.name.endswith(found["blender"].rpartition(".")[0])
    assert found["job"]["plate"] == "/shots/p.####.exr"
    assert not found["heavy"]
