import subprocess
import sys


def test_the_classical_package_does_not_change_how_many_threads_torch_runs_with():
    program = (
        "import torch; torch.set_num_threads(3)\n"
        "from dvm_core.model.classical import pymatting\n"
        "pymatting().estimate_alpha_cf\n"
        "print(torch.get_num_threads())"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "3"


def test_the_engine_starts_without_it():
    program = "import sys, dvm_core.pipeline; print('pymatting' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"
