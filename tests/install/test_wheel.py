"""The adapters inside a real wheel, built and unpacked."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from dvm_core.install import ADAPTERS, lay_out

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from dvm_core.install import lay_out
for host in sys.argv[3:]:
    lay_out(host, sys.argv[2] + "/" + host)
"""


@pytest.mark.slow
def test_a_wheel_lays_out_what_a_checkout_does(tmp_path):
    pytest.importorskip("scikit_build_core", reason="building a wheel needs scikit-build-core, which `make` installs")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", tmp_path, ROOT],
        env={**os.environ, "DVM_KERNELS": "reference"},  # no compiler needed for this
        check=True,
        timeout=600,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    # Without site-packages there is no checkout to fall back to, and nothing but the standard library.
    subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", PROGRAM, tmp_path / "site", tmp_path / "wheel", *ADAPTERS],
        check=True,
        timeout=300,
    )
    for host in ADAPTERS:
        expected = {
            path.relative_to(tmp_path / "checkout" / host): path.read_bytes()
            for path in lay_out(host, tmp_path / "checkout" / host)
        }
        found = {
            path.relative_to(tmp_path / "wheel" / host): path.read_bytes()
            for path in (tmp_path / "wheel" / host).rglob("*")
            if path.is_file()
        }
        assert found == expected
