import time

from dvm_core.training.waiting import Waiting


def batches(*delays):
    for delay in delays:
        time.sleep(delay)
        yield {}


def test_waiting_is_what_comes_between_steps():
    waiting = Waiting(batches(0.0, 0.3, 0.3))
    for _ in waiting:
        time.sleep(0.1)
    assert 0.4 < waiting.share < 0.9  # two waits of 0.3 s beside three steps of 0.1 s


def test_the_first_batch_is_not_waited_for():
    waiting = Waiting(batches(0.3, 0.0))
    for _ in waiting:
        time.sleep(0.2)
    assert waiting.share < 0.1


def test_a_run_without_batches_has_not_waited():
    waiting = Waiting(batches())
    assert list(waiting) == []
    assert waiting.share == 0.0
