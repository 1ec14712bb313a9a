import json
import os
import subprocess
import sys
import threading

import pytest

from dvm_core.worker.inbox import Inbox, _lines


class Heard:
    """A channel that keeps what is sent."""

    broken = False

    def __init__(self):
        self.events = []

    def send(self, event, name=None):
        self.events.append((event["event"], name))


@pytest.fixture
def inbox():
    source, end = os.pipe()
    inbox = Inbox(source, Heard())
    inbox.say = lambda **message: os.write(end, json.dumps(message).encode() + b"\n")
    inbox.heard = inbox._channel
    yield inbox
    os.close(end)
    os.close(source)


def _hear(inbox, **message):
    """Take a request in without the thread."""
    inbox._hear(json.dumps(message).encode())


def test_a_cancel_is_seen_at_once_by_the_job_that_runs(inbox):
    _hear(inbox, op="run", id="a", job={})
    _hear(inbox, op="run", id="b", job={})
    jobs = iter(inbox)
    assert next(jobs).name == "a"
    assert not inbox.is_cancelled("a")
    _hear(inbox, op="cancel", id="a")
    assert inbox.is_cancelled("a")
    inbox.finished("a")
    assert next(jobs).name == "b"
    assert not inbox.is_cancelled("b")


def test_a_job_cancelled_while_it_waits_is_answered_and_never_run(inbox):
    for name in ("a", "b", "c"):
        _hear(inbox, op="run", id=name, job={})
    jobs = iter(inbox)
    assert next(jobs).name == "a"
    _hear(inbox, op="cancel", id="b")
    assert inbox.heard.events == [("cancelled", "b")]
    assert next(jobs).name == "c"


def test_an_id_counts_for_one_job_at_a_time(inbox):
    _hear(inbox, op="run", id="a", job={})
    _hear(inbox, op="run", id="a", job={})
    assert inbox.heard.events == [("error", "a")]
    jobs = iter(inbox)
    next(jobs)
    _hear(inbox, op="cancel", id="a")
    inbox.finished("a")
    _hear(inbox, op="run", id="a", job={"again": True})
    assert inbox.heard.events == [("error", "a")]
    assert next(jobs).document == {"again": True}
    assert not inbox.is_cancelled("a")


def test_a_host_that_is_gone_cancels_what_runs(inbox):
    _hear(inbox, op="run", id="a", job={})
    jobs = iter(inbox)
    next(jobs)
    inbox.heard.broken = True
    assert inbox.is_cancelled("a")


def test_quit_ends_the_jobs(inbox):
    _hear(inbox, op="run", id="a", job={})
    _hear(inbox, op="quit")
    assert inbox.is_cancelled("a")
    assert list(inbox) == []


def test_requests_come_from_the_pipe_in_order_however_they_were_cut():
    source, end = os.pipe()
    inbox = Inbox(source, Heard())
    # Its thread would end this process a while after the end of the pipe; here the lines alone are of interest.
    lines = b"".join(json.dumps({"op": "run", "id": str(n), "job": "x" * 30_000}).encode() + b"\n" for n in range(20))

    def write():
        for start in range(0, len(lines), 7001):
            os.write(end, lines[start : start + 7001])
        os.write(end, b'{"op": "quit"}\n')

    writer = threading.Thread(target=write)
    writer.start()
    for line in _lines(source):
        inbox._hear(line)
        if inbox.closed:
            break
    writer.join()
    os.close(end)
    os.close(source)
    assert [inbox._requests.get().name for _ in range(20)] == [str(n) for n in range(20)]


def test_a_frame_that_never_ends_does_not_outlive_its_host_for_ever():
    program = (
        "import time; from dvm_core import processes; from dvm_core.worker import inbox; processes.PATIENCE = 0.1;"
        "inbox.Inbox(0, None).listen(); time.sleep(600)"
    )
    assert subprocess.run([sys.executable, "-c", program], stdin=subprocess.DEVNULL, timeout=300).returncode == 1
