"""Builds the extension with the address and undefined-behaviour sanitizers and runs the operators' tests on it.

From the project's root, in its environment (GCC; `cmake` and `ninja` on the PATH):

    python csrc/sanitize.py [pytest arguments]
"""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pybind11

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build" / "sanitize"

# The sanitized module must stand in before anything imports the installed one.
RUN = """
import importlib.util, sys, torch, pytest
spec = importlib.util.spec_from_file_location("dvm_core._C", sys.argv[1])
module = sys.modules["dvm_core._C"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
sys.exit(pytest.main(["tests/ops", "-q", "-p", "no:cacheprovider", *sys.argv[2:]]))
"""


def build() -> Path:
    """Configures and compiles; returns the module's path."""
    configure = ["cmake", "-G", "Ninja", "-S", str(ROOT), "-B", str(BUILD), "-DDVM_CUDA=OFF"]
    configure += ["-DDVM_SANITIZE=address,undefined", f"-Dpybind11_DIR={pybind11.get_cmake_dir()}"]
    subprocess.run([*configure, f"-DPython_EXECUTABLE={sys.executable}"], check=True)
    subprocess.run(["cmake", "--build", str(BUILD)], check=True)
    return BUILD / f"_C{sysconfig.get_config_var('EXT_SUFFIX')}"


def main() -> int:
    """Returns the tests' exit code; a sanitizer's finding aborts them."""
    module = build()
    # torch and Python keep memory until the end, which is no leak of ours.
    environment = os.environ | {"ASAN_OPTIONS": "detect_leaks=0", "UBSAN_OPTIONS": "print_stacktrace=1"}
    libraries = [
        subprocess.run(["g++", f"-print-file-name={name}"], capture_output=True, text=True, check=True).stdout.strip()
        for name in ("libasan.so", "libubsan.so", "libstdc++.so")
    ]
    environment["LD_PRELOAD"] = " ".join(libraries)
    # A report on stderr must not be lost in pytest's capture.
    command = [sys.executable, "-c", RUN, str(module), "--capture=no", *sys.argv[1:]]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
