"""Handing out work: order of steps, fairness, deaths and faults, without any process."""

import threading
from types import SimpleNamespace

import pytest

from dvm_core.bridge.errors import Cancelled, DeviceError, DvmError, InputError
from dvm_core.bridge.frames import parse_range
from dvm_core.farm.plan import MATTE, QC, Chunks
from dvm_core.farm.shares import TRIES, Shares
from dvm_core.farm.steps import Need, Step


def shot(frames, size=4):
    """As much of a plan as is looked at here."""
    need = Need(1, 0)
    steps = (Step(MATTE, (), (frames,), True, need, 1), Step(QC, (), (frames,), False, need, 1, MATTE))
    return SimpleNamespace(steps=steps, frames=parse_range(frames), chunks=Chunks(size))


def drain(shares, fault=lambda task: None):
    done = []
    while (task := shares.take()) is not None:
        done.append(task)
        shares.finish(task, fault(task))
    return done


def test_a_step_begins_when_all_of_the_one_before_is_done():
    shares = Shares([shot("1-8")])
    first, second = shares.take(), shares.take()
    assert (first.frames, second.frames) == ("1-4", "5-8")
    shares.finish(second, None)
    shares.finish(first, None)
    assert shares.take().step.name == QC


def test_a_long_shot_does_not_keep_a_short_one_waiting():
    order = drain(Shares([shot("1-100"), shot("1-8")]))
    short = [index for index, task in enumerate(order) if task.shot == 1]
    assert max(short) <= 5
    assert {parse_range(task.frames)[0] for task in order if task.step.name == MATTE and task.shot == 0} == set(
        range(1, 100, 4)
    )


def test_a_task_whose_process_died_is_begun_again_but_not_for_ever():
    shares = Shares([shot("1-4"), shot("1-4")])
    done = drain(shares, lambda task: DvmError("gone") if task.shot == 0 else None)
    assert sum(task.shot == 0 for task in done) == TRIES
    assert [len(shot.faults) for shot in shares.shots] == [1, 0]
    assert shares.shots[0].retries == TRIES - 1


def test_a_bad_frame_spoils_its_chunk_and_the_look_at_the_end_alone():
    shares = Shares([shot("1-12")])
    done = drain(shares, lambda task: InputError("damaged") if task.frames == "1-4" else None)
    assert [task.frames for task in done] == ["1-4", "5-8", "9-12"]
    assert len(shares.shots[0].faults) == 1


def test_what_would_fail_every_chunk_stops_the_shot():
    shares = Shares([shot("1-12")])
    assert len(drain(shares, lambda task: DeviceError("no memory"))) == 1


def test_closing_ends_the_waiting_and_names_what_was_left():
    shares = Shares([shot("1-4"), shot("1-4")])
    task = shares.take()
    other = shares.take()
    waiting = threading.Thread(target=shares.take, daemon=True)
    waiting.start()
    shares.finish(other, None)
    shares.close()
    waiting.join(10)
    assert not waiting.is_alive()
    shares.finish(task, None)
    assert all(isinstance(shot.faults[0], Cancelled) for shot in shares.shots)


@pytest.mark.parametrize("hands", [1, 3])
def test_many_hands_do_every_task_once(hands):
    shares, done = Shares([shot("1-40"), shot("1-9", 2)]), []

    def work():
        while (task := shares.take()) is not None:
            done.append((task.shot, task.step.name, task.frames))
            shares.finish(task, None)

    threads = [threading.Thread(target=work) for _ in range(hands)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(done) == len(set(done)) == 10 + 5 + 2
