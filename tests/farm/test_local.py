"""The plan on this machine, in real processes."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace

import psutil
import pytest

from dvm_core.bridge.errors import Cancelled, DeviceError, InputError
from dvm_core.bridge.frames import parse_range
from dvm_core.farm import local
from dvm_core.farm.plan import PROPAGATE, Chunks, plan
from dvm_core.pipeline import run_job

FRAMES = range(1001, 1010)


class Killer:
    """Kills the process that made the first frame, once."""

    def __init__(self, clip, out):
        self.claims = clip.folder / out
        self.killed = []

    def __call__(self, shot, event):
        if event["event"] == "frame" and not self.killed:
            self.killed = [child.pid for child in workers()]
            for pid in self.killed:
                os.kill(pid, signal.SIGKILL)


def workers():
    """Worker processes of this one."""
    return [
        child
        for child in psutil.Process().children(recursive=True)
        if child.status() != psutil.STATUS_ZOMBIE and "dvm_core.worker" in child.cmdline()
    ]


def propagations(pid):
    """Processes of a run that propagate."""
    found = []
    for child in psutil.Process(pid).children(recursive=True):
        with suppress(psutil.Error):
            found += [child] if "propagate" in child.cmdline() else []
    return found


def test_two_workers_that_are_killed_mid_chunk_still_give_the_pixels_of_one_process(shared_clip):
    killer = Killer(shared_clip, "killed")
    made = plan(shared_clip.job("killed"), Chunks(5))
    (outcome,) = local.run([made], 2, tell=killer)
    assert outcome.fault is None, outcome.fault.message
    assert killer.killed
    assert outcome.retries >= 1
    assert shared_clip.alphas("killed") == shared_clip.alphas("whole")
    assert not workers()


@pytest.mark.slow
@pytest.mark.parametrize(("workers_", "chunk"), [(1, 9), (2, 1), (2, 4), (3, 2)])
def test_pixels_do_not_depend_on_workers_or_chunks(shared_clip, workers_, chunk):
    out = f"local{workers_}-{chunk}"
    (outcome,) = local.run([plan(shared_clip.job(out), Chunks(chunk))], workers_)
    assert outcome.fault is None
    assert (outcome.frames, outcome.made) == (9, 9)
    assert shared_clip.alphas(out) == shared_clip.alphas("whole")


def test_keyframes_are_propagated_by_segments_and_give_the_pixels_of_one_process(clip):
    """Keys before the range, in it and before its end."""
    keyed = clip.paint_keys((1002, 1006))
    run_job(clip.job("whole", range="1003-1009", **keyed))
    made = plan(clip.job("apart", range="1003-1009", **keyed), Chunks(3))
    assert made.step(PROPAGATE).tasks == ("1001-1002", "1003-1006", "1007-1009")
    (outcome,) = local.run([made], 2)
    assert outcome.fault is None, outcome.fault.message
    assert clip.alphas("apart") == clip.alphas("whole")
    trimaps = sorted(path.name for path in (clip.folder / "apart" / "sh010_trimaps").iterdir())
    assert trimaps == [f"trimap.{frame}.png" for frame in FRAMES]


def test_keys_far_from_the_range_tell_their_colours_though_frames_between_get_no_trimaps(clip):
    keyed = clip.paint_keys((1001, 1009))
    run_job(clip.job("whole", range="1005", **keyed))
    made = plan(clip.job("apart", range="1005", **keyed), Chunks(3))
    assert made.job.keys == "1001,1009"
    (outcome,) = local.run([made], 2)
    assert outcome.fault is None, outcome.fault.message
    assert clip.alphas("apart") == clip.alphas("whole")
    trimaps = {path.name for path in (clip.folder / "apart" / "sh010_trimaps").iterdir()}
    assert trimaps == {f"trimap.{frame}.png" for frame in FRAMES if frame not in (1002, 1008)}


def test_chunks_are_corrected_by_frames_that_are_not_theirs(clip):
    """One that was put right lies before the range, one in another chunk; trimaps are propagated for them, too."""
    given = clip.paint_keys((1001, 1009)) | clip.put_right((1002, 1007))
    run_job(clip.job("whole", range="1004-1009", **given))
    (outcome,) = local.run([plan(clip.job("apart", range="1004-1009", **given), Chunks(2))], 2)
    assert outcome.fault is None, outcome.fault.message
    assert clip.alphas("apart") == clip.alphas("whole")


@pytest.mark.slow
def test_one_repainted_key_of_five_redoes_its_two_segments_at_most(clip):
    keyed = clip.paint_keys((1001, 1003, 1005, 1007, 1009))
    (outcome,) = local.run([plan(clip.job(**keyed), Chunks(4))], 2)
    assert outcome.fault is None, outcome.fault.message
    before = {frame: clip.alpha(frame).stat().st_mtime_ns for frame in FRAMES}
    shutil.copyfile(clip.trimap(1009), clip.key(1005))
    (outcome,) = local.run([plan(clip.job(settings={"existing": "resume"}, **keyed), Chunks(4))], 2)
    assert outcome.fault is None, outcome.fault.message
    redone = {frame for frame in FRAMES if clip.alpha(frame).stat().st_mtime_ns != before[frame]}
    assert {1004, 1005, 1006} <= redone <= set(range(1003, 1008))
    run_job(clip.job("new", **keyed))
    assert clip.alphas() == clip.alphas("new")


@pytest.mark.slow
def test_a_killed_run_leaves_no_process_and_is_resumed_bit_for_bit(shared_clip, tmp_path):
    """The one that hands out the work, not one of those that do it."""
    job = shared_clip.job_file(out="orphaned")
    words = ["farm", "run-local", str(job), "--workers", "2", "--chunk", "3", "--progress", "json"]
    command = [sys.executable, "-c", "from dvm_core.cli import main; main()", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if json.loads(line)["event"] == "frame":
                break
        theirs = psutil.Process(process.pid).children(recursive=True)
        process.kill()
    assert theirs
    assert not psutil.wait_procs(theirs, timeout=300)[1], "a process outlived the run that it worked for"
    assert shared_clip.alphas("orphaned").items() <= shared_clip.alphas("whole").items()
    subprocess.run([*command, "--resume"], check=True, capture_output=True, timeout=600)
    assert shared_clip.alphas("orphaned") == shared_clip.alphas("whole")


def test_a_step_of_a_killed_run_ends_with_it_and_writes_nothing(clip):
    """It is killed while propagation starts, so not one trimap has been made yet."""
    job = clip.job_file(**clip.paint_keys((1001, 1009)))
    command = [sys.executable, "-c", "from dvm_core.cli import main; main()", "farm", "run-local", str(job)]
    with subprocess.Popen([*command, "--workers", "1", "--quiet"]) as process:
        while not (theirs := propagations(process.pid)):
            assert process.poll() is None
            time.sleep(0.01)
        process.kill()
    assert not psutil.wait_procs(theirs, timeout=300)[1], "a step outlived the run that it worked for"
    assert not list(clip.folder.rglob("sh010_*/*.png"))


@pytest.mark.slow
def test_a_key_that_cannot_be_read_stops_its_shot_in_a_sentence(clip):
    made = plan(clip.job(**clip.paint_keys((1001, 1009))), Chunks(4))
    clip.key(1009).write_bytes(b"no picture")
    (outcome,) = local.run([made], 1)
    assert isinstance(outcome.fault, InputError)
    assert "1009" in outcome.fault.message
    assert not clip.alphas()


@pytest.mark.slow
def test_events_count_the_frames_of_the_shot_and_not_of_chunks(clip):
    events = []
    local.run([plan(clip.job(), Chunks(3))], 2, tell=lambda shot, event: events.append(event))
    frames = [event for event in events if event["event"] == "frame"]
    assert [event["index"] for event in frames] == list(range(1, 10))
    assert {event["total"] for event in frames} == {9}
    assert sorted(event["frame"] for event in frames) == list(range(1001, 1010))
    assert (events[0]["event"], events[-1]["event"]) == ("plan", "done")
    assert len(events[-1]["outputs"]) == 9


@pytest.mark.slow
def test_a_damaged_plate_spoils_its_chunk_alone(clip):
    made = plan(clip.job(), Chunks(3))
    clip.plate(1009).write_bytes(clip.plate(1009).read_bytes()[:700])
    (outcome,) = local.run([made], 2)
    assert isinstance(outcome.fault, InputError)
    assert "1009" in outcome.fault.message
    assert set(clip.alphas()) >= {f"sh010.{frame}.exr" for frame in range(1001, 1007)}


@pytest.mark.slow
def test_a_cancelled_run_keeps_what_is_finished(clip, shared_clip):
    frames = []

    def tell(shot, event):
        if event["event"] == "frame":
            frames.append(event["frame"])

    (outcome,) = local.run([plan(clip.job(), Chunks(9))], 1, tell=tell, cancelled=lambda: bool(frames))
    assert isinstance(outcome.fault, Cancelled)
    assert 1 <= len(clip.alphas()) < 9
    assert clip.alphas().items() <= shared_clip.alphas("whole").items()


def test_more_processes_than_memory_are_refused(clip):
    made = plan(clip.job())
    hungry = replace(made, pinned=replace(made.pinned, memory=replace(made.pinned.memory, need=1 << 50)))
    with pytest.raises(DeviceError, match="2 processes of this job need"):
        local.run([hungry], 2)


def test_processes_share_the_cores():
    assert local.threads_each(1) == os.cpu_count()
    assert local.threads_each(10_000) == 1


def test_a_dry_run_plans_and_makes_nothing(clip):
    events = []
    (outcome,) = local.only_plan([plan(clip.job())], 1, tell=lambda shot, event: events.append(event))
    assert (outcome.fault, outcome.made, outcome.frames) == (None, 0, 9)
    assert [event["event"] for event in events] == ["plan"]
    assert parse_range(plan(clip.job()).job.range) == tuple(range(1001, 1010))
    assert not clip.alphas()
