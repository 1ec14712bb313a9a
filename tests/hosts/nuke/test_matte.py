"""From the plate to alphas in the comp, with the real engine: what comes out is what the shell makes."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from nuke_stage import Comp, Shot, read_image


def shell(shot, output, *options):
    """The same matte by the command line."""
    command = [sys.executable, "-m", "dvm_core.cli", "matte", shot.plate, "--trimap", shot.trimap, "-o", str(output)]
    subprocess.run([*command, "--quiet", *options], check=True, timeout=300)


def test_alphas_of_files_are_bit_equal_to_those_of_the_shell(comp, shot, tmp_path):
    comp.press("matte")
    assert comp.status() == "6 of 6 frames are matted."
    shell(shot, tmp_path / "shell.%04d.exr", "--model", "closed-form")
    for frame in shot.frames:
        np.testing.assert_array_equal(comp.alpha(frame), read_image(tmp_path / f"shell.{frame}.exr"))
    assert not comp.stage.rendered, "files that the engine can read need no rendering"
    assert not comp.stage.messages
