import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from dvm_core.bridge.errors import OutputError
from dvm_core.pipeline import claim
from dvm_core.pipeline.claim import Claim
from dvm_core.processes import here

OUTPUT = "alpha.%04d.exr"

# The module alone: the package around it takes seconds to import.
HOLD = f"""
import importlib.util, sys, time
from pathlib import Path
spec = importlib.util.spec_from_file_location("claim", {claim.__file__!r})
claim = sys.modules["claim"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(claim)
claim.BEAT = 0.2
first, last, place = int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
if place:
    claim.processes.place = lambda: place
with claim.Claim(Path(sys.argv[1]), "alpha.%04d.exr", range(first, last + 1)):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Beats ten times as often; but no claim falls silent because this machine is busy."""
    monkeypatch.setattr(claim, "BEAT", 0.2)
    monkeypatch.setattr(claim, "SILENCE", 300.0)
    monkeypatch.setattr(claim, "_LOOK", 0.01)


@pytest.fixture
def impatient(monkeypatch):
    """Silence of two seconds counts as death."""
    monkeypatch.setattr(claim, "SILENCE", 2.0)


@pytest.fixture
def holder():
    """Starts a process that claims frames and keeps them."""
    started = []

    def start(folder, first, last, place=""):
        arguments = map(str, (folder, first, last, place))
        process = subprocess.Popen([sys.executable, "-c", HOLD, *arguments], stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout.readline() == "held\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def claims(folder):
    return sorted(Path(folder).glob(".dvm-*"))


def test_a_claim_is_gone_when_it_ends(tmp_path):
    with Claim(tmp_path / "new" / "folder", OUTPUT, range(1, 5)):
        assert len(claims(tmp_path / "new" / "folder")) == 1
    assert claims(tmp_path / "new" / "folder") == []


def test_two_processes_cannot_write_the_same_frames(tmp_path, holder):
    other = holder(tmp_path, 1001, 1010)
    with (
        pytest.raises(OutputError, match=rf"1001-1010 of .*alpha.*process {other.pid} on"),
        Claim(tmp_path, OUTPUT, range(1010, 1020)),
    ):
        pass
    assert len(claims(tmp_path)) == 1


def test_chunks_of_one_shot_and_other_outputs_run_side_by_side(tmp_path, holder):
    holder(tmp_path, 1001, 1010)
    with Claim(tmp_path, OUTPUT, range(1011, 1020)), Claim(tmp_path, "beta.%04d.exr", range(1001, 1010)):
        assert len(claims(tmp_path)) == 3


def test_frames_between_anothers_frames_are_free(tmp_path):
    with Claim(tmp_path, OUTPUT, range(1001, 1010, 2)), Claim(tmp_path, OUTPUT, range(1002, 1010, 2)):
        pass


def test_a_killed_process_leaves_nothing_that_stands_in_the_way(tmp_path, holder):
    dead = holder(tmp_path, 1001, 1010)
    dead.kill()
    dead.wait()
    with Claim(tmp_path, OUTPUT, range(1001, 1020)):  # at once: nobody waits for silence here
        assert len(claims(tmp_path)) == 1


def test_what_a_process_left_that_was_killed_while_it_made_its_claim_is_cleared_away(tmp_path, holder):
    dead = holder(tmp_path, 1001, 1010)
    dead.kill()
    dead.wait()
    claims(tmp_path)[0].rename(tmp_path / f"..dvm-0123.claim.{here()}-{dead.pid}-0.part")
    (tmp_path / f"..dvm-4567.claim.{here()}-{os.getpid()}-0.part").touch()
    (tmp_path / f"..dvm-89ab.claim.00000000-{dead.pid}-0.part").touch()
    with Claim(tmp_path, OUTPUT, range(1, 5)):
        pass
    assert sorted(path.name[:10] for path in tmp_path.iterdir()) == ["..dvm-4567", "..dvm-89ab"]


def test_a_killed_process_that_nobody_has_buried_counts_as_dead(tmp_path, holder):
    dead = holder(tmp_path, 1001, 1010)
    dead.kill()
    while psutil.Process(dead.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    with Claim(tmp_path, OUTPUT, range(1001, 1020)):
        pass


def test_a_claim_of_another_machine_lasts_as_long_as_it_beats(tmp_path, holder):
    holder(tmp_path, 1, 5, place="another machine")
    with pytest.raises(OutputError, match="are being written"), Claim(tmp_path, OUTPUT, range(1, 5)):
        pass


@pytest.mark.usefixtures("impatient")
def test_a_silent_claim_of_another_machine_is_taken_over_after_a_while(tmp_path, holder):
    dead = holder(tmp_path, 1, 5, place="another machine")
    dead.kill()
    dead.wait()
    began = time.monotonic()
    with Claim(tmp_path, OUTPUT, range(1, 5)):
        assert time.monotonic() - began > 1.9
        assert len(claims(tmp_path)) == 1


@pytest.mark.usefixtures("impatient")
def test_a_number_given_to_another_process_does_not_keep_a_claim_alive(tmp_path, holder):
    dead = holder(tmp_path, 1, 5)
    dead.kill()
    dead.wait()
    (file,) = claims(tmp_path)
    file.write_text(file.read_text().replace(f'"pid": {dead.pid}', f'"pid": {os.getppid()}'))
    with Claim(tmp_path, OUTPUT, range(1, 5)):
        assert len(claims(tmp_path)) == 1


@pytest.mark.parametrize("years", [-30, 30])
def test_a_jump_of_the_clock_neither_kills_nor_saves_a_claim(tmp_path, holder, years):
    other = holder(tmp_path, 1, 5)
    (file,) = claims(tmp_path)
    then = time.time() + years * 365 * 86400
    os.utime(file, (then, then))
    with pytest.raises(OutputError), Claim(tmp_path, OUTPUT, range(1, 5)):
        pass
    other.kill()
    other.wait()
    os.utime(file, (then, then))
    with Claim(tmp_path, OUTPUT, range(1, 5)):
        pass


def test_whoever_was_taken_for_dead_stops_before_its_next_file(tmp_path):
    with Claim(tmp_path, OUTPUT, range(1, 5)) as mine:
        mine.require()
        claims(tmp_path)[0].unlink()
        while not mine._lost:  # the next beat finds it out
            time.sleep(0.01)
        with pytest.raises(OutputError, match="was removed"):
            mine.require()
        assert claims(tmp_path) == []


def test_of_many_who_begin_at_once_exactly_one_gets_the_frames(tmp_path):
    for _ in range(5):
        begin, held, refused = threading.Barrier(6), [], []
        done = threading.Event()

        def contend(begin=begin, held=held, refused=refused, done=done):
            begin.wait()
            try:
                with Claim(tmp_path, OUTPUT, range(1, 5)):
                    held.append(1)
                    done.wait(300)
            except OutputError:
                refused.append(1)

        threads = [threading.Thread(target=contend) for _ in range(6)]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 300
        while len(held) + len(refused) < 6 and time.monotonic() < deadline:
            time.sleep(0.02)
        done.set()
        for thread in threads:
            thread.join()
        assert (len(held), len(refused)) == (1, 5)
        assert claims(tmp_path) == []


def test_a_file_that_is_no_claim_is_left_alone(tmp_path):
    (tmp_path / ".dvm-x.claim").write_text("something else\n")
    with Claim(tmp_path, OUTPUT, range(1, 5)):
        pass
    assert (tmp_path / ".dvm-x.claim").exists()


def test_a_folder_that_cannot_be_made_is_an_output_error(tmp_path):
    (tmp_path / "out").write_text("a file in the way")
    with pytest.raises(OutputError, match="cannot be written"), Claim(tmp_path / "out", OUTPUT, range(1, 5)):
        pass
