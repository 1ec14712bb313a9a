import logging
import subprocess
import sys

import numpy as np
import scipy.sparse

from dvm_core.model import classical


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


def test_factors_that_fail_are_told_to_the_log_and_not_to_standard_output(capsys, caplog):
    indefinite = scipy.sparse.csc_matrix(np.array([[1.0, 2.0], [2.0, 1.0]]))
    with caplog.at_level(logging.DEBUG):
        classical.pymatting().ichol(indefinite, shifts=[0.0, 2.0])
    assert capsys.readouterr().out == ""
    assert "PERFORMANCE WARNING" in caplog.text
