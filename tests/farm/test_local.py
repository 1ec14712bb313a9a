"""The plan on this machine, in real processes."""

import os
import signal
from dataclasses import replace

import pytest

from dvm_core.bridge.errors import Cancelled, DeviceError, InputError
from dvm_core.bridge.frames import parse_range
from dvm_core.farm import local
from dvm_core.farm.plan import Chunks, plan


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
    import psutil

    return [
        child
        for child in psutil.Process().children(recursive=True)
        if child.status() != psutil.STATUS_ZOMBIE and "dvm_core.worker" in child.cmdline()
    ]


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
