import os
import subprocess
import sys
from pathlib import Path

import pytest

import dvm_core

ROOT = Path(__file__).parents[1]


def test_the_public_page_is_exactly_this():
    assert dvm_core.__all__ == [
        "Cancelled",
        "DeviceError",
        "DvmError",
        "InputError",
        "Matte",
        "MatteJob",
        "MatteResult",
        "MattingSession",
        "ModelError",
        "OutputError",
        "Settings",
        "UsageError",
        "__version__",
        "matte",
        "plan",
    ]


@pytest.mark.parametrize("name", dvm_core.__all__)
def test_every_name_on_it_is_there_and_documented(name):
    value = getattr(dvm_core, name)
    assert value.__doc__
    assert name in dir(dvm_core)


def test_a_name_that_is_not_on_it_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'dvm_core' has no attribute 'matt'"):
        dvm_core.matt  # noqa: B018


def test_importing_it_loads_neither_torch_nor_numpy():
    program = (
        "import sys, dvm_core; dvm_core.MatteJob, dvm_core.UsageError\n"
        "sys.exit(str({'torch', 'numpy', 'OpenImageIO', 'typer'} & set(sys.modules) or '') or 0)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr


def test_the_version_is_that_of_the_project():
    assert f'version = "{dvm_core.__version__}"' in (ROOT / "pyproject.toml").read_text()
