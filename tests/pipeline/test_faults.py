"""Faults on purpose: whatever happens, no frame is wrong, lost or half there."""

import json
import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from dvm_core.bridge.errors import InputError, OutputError
from dvm_core.bridge.job import MatteJob
from dvm_core.bridge.settings import Settings
from dvm_core.pipeline import run_job

FIRST = 1001
KILL_ROUNDS = Path(__file__).with_name("kill_rounds.py")


@pytest.fixture
def make_job(scene, model, tmp_path, write):
    """Writes a shot of so many frames and gives jobs over it."""

    def make(count, out="out", **settings):
        if not (tmp_path / f"plate.{FIRST}.exr").exists():
            plates, trimaps = scene(count, 32, 48)
            for index in range(count):
                write(tmp_path / f"plate.{FIRST + index}.exr", plates[index])
                write(tmp_path / f"trimap.{FIRST + index}.png", trimaps[index], "uint8")
        return MatteJob(
            plate=f"{tmp_path}/plate.####.exr",
            trimap=f"{tmp_path}/trimap.####.png",
            output=f"{tmp_path / out}/alpha.####.exr",
            model=model,
            settings=Settings(**{"device": "cpu", "tile": 64, **settings}),
        )

    return make


@contextmanager
def mounted(folder, options):
    """A tmpfs on a folder."""
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    try:
        tried = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        pytest.skip(f"no mount here: {error}")
    if tried.returncode:
        pytest.skip(f"no file system may be mounted here: {tried.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def same_files(folder, reference):
    names = sorted(path.name for path in reference.iterdir())
    assert sorted(path.name for path in folder.iterdir()) == names
    for name in names:
        assert (folder / name).read_bytes() == (reference / name).read_bytes(), name


@pytest.mark.parametrize(
    ("frames", "kills"), [(8, 6), pytest.param(60, 100, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])]
)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="each round is a fork")
def test_killed_at_random_moments_every_frame_is_whole_and_resuming_loses_none(make_job, tmp_path, frames, kills):
    run_job(make_job(frames, out="reference", threads=1))  # as many as the rounds have: equal bits need equal threads
    document = tmp_path / "job.json"
    document.write_text(json.dumps(make_job(frames, existing="resume", threads=1).to_dict()))
    arguments = [str(document), str(tmp_path / "reference"), str(kills), "7"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
    ran = subprocess.run(
        [sys.executable, str(KILL_ROUNDS), *arguments], capture_output=True, text=True, env=environment, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.split()[0] == str(kills)
    same_files(tmp_path / "out", tmp_path / "reference")


def test_a_disk_that_fills_up_stops_the_job_and_with_room_again_it_goes_on(make_job, tmp_path):
    run_job(make_job(8, out="reference", compression="zip", half=False))
    (tmp_path / "full").mkdir()
    with mounted(tmp_path / "full", "size=64k") as disk:
        (disk / "others").write_bytes(bytes(45 << 10))
        job = make_job(8, out="full", half=False, existing="resume")
        with pytest.raises(OutputError, match=r"No space left|no room"):
            run_job(job)
        finished = sorted(path.name for path in disk.glob("*.exr"))
        assert 0 < len(finished) < 8
        for name in finished:
            assert (disk / name).read_bytes() == (tmp_path / "reference" / name).read_bytes()
        assert sorted(path.name for path in disk.iterdir()) == sorted([*finished, "others"])
        (disk / "others").unlink()
        assert len(run_job(job).kept) == len(finished)
        same_files(disk, tmp_path / "reference")


def test_a_disk_without_room_for_one_frame_is_refused_before_any_work(make_job, tmp_path):
    with mounted(tmp_path / "tiny", "size=8k") as disk:
        (disk / "others").write_bytes(bytes(6 << 10))
        with pytest.raises(OutputError, match="no room"):
            run_job(make_job(3, out="tiny"))


def test_a_read_only_folder_is_an_output_error_before_any_work(make_job, tmp_path, write):
    events = []
    with mounted(tmp_path / "locked", "size=1m,ro"), pytest.raises(OutputError, match="Read-only file system"):
        run_job(make_job(3, out="locked"), emit=events.append)
    assert not [event for event in events if event["event"] == "frame"]


LIMITED = """
import os, resource, sys
import psutil, torch
from dvm_core.bridge.errors import DvmError
from dvm_core.bridge.job import MatteJob
from dvm_core.pipeline import run_job
torch.set_num_threads(1)
job = MatteJob.load(sys.argv[1])
for megabytes in map(int, sys.argv[2:]):
    child = os.fork()
    if not child:
        limit = psutil.Process().memory_info().vms + (megabytes << 20)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        try:
            run_job(job)
        except DvmError as error:
            os.write(1, f"{error.exit_code} {error}\\n".encode())
            os._exit(0)
        except BaseException as error:
            os.write(1, f"1 {error!r}\\n".encode())
        os._exit(0)
    os.waitpid(child, 0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="memory is limited in forks")
def test_memory_that_runs_out_is_a_sentence_and_no_frame_is_half_there(make_job, tmp_path, write):
    write(tmp_path / "plate.1001.exr", np.random.default_rng(0).random((540, 960, 3), dtype=np.float32))
    write(tmp_path / "trimap.1001.png", np.full((540, 960), 128, np.uint8), "uint8")
    document = tmp_path / "job.json"
    document.write_text(json.dumps(make_job(1, max_memory="64G", existing="overwrite").to_dict()))
    limits = ["20", "120", "250"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    ran = subprocess.run(
        [sys.executable, "-c", LIMITED, str(document), *limits],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    said = ran.stdout.splitlines()
    assert len(said) >= 2, ran.stdout + ran.stderr
    assert not [line for line in said if line.startswith("1 ")], ran.stdout
    assert [line for line in said if line.startswith("4 Memory ran out")], ran.stdout
    assert not list((tmp_path / "out").glob(".*"))


def test_of_two_jobs_on_one_output_one_does_the_work(make_job, tmp_path):
    job, results, refusals = make_job(8), [], []
    begin = threading.Barrier(2)

    def work():
        begin.wait()
        try:
            results.append(run_job(job))
        except OutputError as error:
            refusals.append(str(error))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 1
    assert "being written by process" in refusals[0] or "is there already" in refusals[0]
    run_job(make_job(8, out="reference"))
    same_files(tmp_path / "out", tmp_path / "reference")


def test_a_clock_that_jumps_changes_nothing(make_job, tmp_path, monkeypatch):
    run_job(make_job(4, out="reference"))
    jumps = iter(range(10**9))
    monkeypatch.setattr(time, "time", lambda: (-1) ** (jump := next(jumps)) * 1e9 * jump)
    result = run_job(make_job(4))
    assert result.seconds > 0
    same_files(tmp_path / "out", tmp_path / "reference")


def test_a_frame_that_is_cut_while_the_job_runs_is_named(make_job, tmp_path):
    cut = tmp_path / "plate.1007.exr"

    def emit(event):
        if event["event"] == "plan":
            cut.write_bytes(cut.read_bytes()[:-300])

    with pytest.raises(InputError, match=r"1007 .*cannot be read whole"):
        run_job(make_job(8), emit=emit)
    assert (tmp_path / "out" / "alpha.1003.exr").exists()
