import json
import os
import signal
import subprocess

import pytest

from dvm_core.bridge.errors import Cancelled
from dvm_core.cli.stop import Stop


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_first_signal_asks_to_stop_and_a_second_one_stops_at_once(number):
    before = signal.getsignal(number)
    with Stop() as stop:
        assert not stop.requested
        os.kill(os.getpid(), number)
        assert stop.requested
        with pytest.raises(Cancelled):
            os.kill(os.getpid(), number)
    assert signal.getsignal(number) is before


def test_the_end_of_stdin_stops_a_job_as_a_signal_does(start_dvm, make_shot, tmp_path):
    shot = make_shot(tmp_path / "shot", frames=tuple(range(1, 41)), size=(90, 120))
    process = start_dvm("--stop-with-stdin", *shot.arguments, "--progress", "json", stdin=subprocess.PIPE)
    ours, process.stdin = process.stdin, None
    ours.write("anything\n")
    for line in process.stdout:
        if json.loads(line)["event"] == "frame":
            ours.close()
            break
    out, err = process.communicate(timeout=300)
    assert process.returncode == 130, err
    assert json.loads(out.splitlines()[-1]) == {"event": "cancelled"}
    assert 1 <= len(list(shot.folder.glob("alpha.*"))) < 40
    assert not list(shot.folder.glob(".*"))


def test_a_command_that_is_no_job_stops_with_stdin_at_once(start_dvm, shot):
    process = start_dvm(
        *("--stop-with-stdin", "trimap", "make", shot.folder / "truth.####.exr", "-o", shot.folder / "made.####.png"),
        stdin=subprocess.DEVNULL,
    )
    _, err = process.communicate(timeout=300)
    assert (process.returncode, err) == (130, "dvm: Stopped; finished files stay.\n")


def test_stdin_counts_only_for_who_asks(start_dvm, shot):
    words = ("trimap", "make", shot.folder / "truth.####.exr", "-o", shot.folder / "made.####.png")
    process = start_dvm(*words, stdin=subprocess.DEVNULL)
    _, err = process.communicate(timeout=300)
    assert (process.returncode, err) == (0, "")
