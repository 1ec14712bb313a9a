"""The worker as a host sees it, line by line, and what it refuses."""

import json
import os
import subprocess
import sys

import pytest

LONG = 300
JOB = {"schema": "dvm-job/1", "plate": "/p/plate.####.exr", "trimap": "/p/trimap.####.png", "output": "/p/a.####.exr"}


class Talk:
    """A running worker."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-m", "dvm_core.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def say(self, message):
        self.process.stdin.write((message if isinstance(message, bytes) else json.dumps(message).encode()) + b"\n")
        self.process.stdin.flush()

    def hear(self):
        return json.loads(self.process.stdout.readline())

    def ask(self, message):
        self.say(message)
        return self.hear()

    def end(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


@pytest.fixture(scope="module")
def talk():
    talk = Talk()
    assert talk.hear()["event"] == "hello"
    yield talk
    talk.end()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"schema": "dvm-job/2"}, "schema"),
        ({"schema": None}, "schema"),
        ({"plate": "plate.####.exr"}, "full path"),
        ({"plate": "../../etc/passwd"}, "full path"),
        ({"plate": 7}, "one line of text"),
        ({"plate": "/p/\0"}, "one line of text"),
        ({"trimap": ["/p/t.png"]}, "one line of text"),
        ({"trimap": {"$ref": "x"}}, "one line of text"),
        ({"output": "/etc/passwd"}, ".exr"),
        ({"output": "/p/plate.####.exr"}, "plate"),
        ({"range": "1-999999999"}, "1,000,000"),
        ({"range": "1-10x0"}, "step"),
        ({"range": "__import__('os')"}, "frame range"),
        ({"range": 5}, "one line of text"),
        ({"model": "models/evil.safetensors"}, "full path"),
        ({"model": ""}, "a name"),
        ({"settings": []}, "settings"),
        ({"settings": {"threads": 1e9}}, "threads"),
        ({"settings": {"threads": True}}, "threads"),
        ({"settings": {"fg": "fg.####.exr"}}, "full path"),
        ({"settings": {"tile": "enormous"}}, "tile"),
        ({"settings": {"exec": "rm -rf"}}, "exec"),
        ({"__class__": "os.system"}, "__class__"),
        ({"trimap_mode": "guess"}, "trimap_mode"),
    ],
)
def test_a_hostile_job_is_refused_in_one_sentence(talk, changes, reason):
    end = talk.ask({"op": "run", "id": "j", "job": {**JOB, **changes}})
    assert (end["event"], end["id"], end["code"]) == ("error", "j", 2)
    assert reason in end["message"]
    assert len(end["message"]) < 400
    assert "\n" not in end["message"]


@pytest.mark.parametrize("job", [None, 7, "job", [], [JOB], {}, {"job": JOB}])
def test_what_is_no_job_is_refused(talk, job):
    end = talk.ask({"op": "run", "id": "j", "job": job})
    assert (end["event"], end["id"], end["code"]) == ("error", "j", 2)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"op": "run", "id": "' + b"x" * (2 << 20) + b'"}',
        b'{"op": "shutdown"}',
        b'{"op": ["run"]}',
        b'{"op": "run", "id": "a"}',
        b'{"op": "run", "job": {}}',
        b'{"op": "ping"}',
        b'{"op": "ping", "id": {"a": 1}}',
        b'{"op": "ping", "id": "a", "path": "/etc"}',
    ],
    ids=range(13),
)
def test_a_line_that_is_no_request_is_refused_and_the_next_one_heard(talk, line):
    refused = talk.ask(line)
    assert (refused["event"], refused["code"]) == ("error", 2)
    assert len(refused["message"]) < 400
    assert talk.ask({"op": "ping", "id": "still here"}) == {"event": "pong", "id": "still here"}


def test_a_job_that_nobody_gave_cannot_be_cancelled_and_hurts_nobody(talk):
    talk.say({"op": "cancel", "id": "nobody's"})
    assert talk.ask({"op": "ping", "id": "p"})["event"] == "pong"


def test_quit_ends_it_with_code_0():
    talk = Talk()
    talk.say({"op": "quit"})
    assert talk.process.wait(LONG) == 0
    talk.end()


def test_a_signal_ends_it_as_quit_does():
    talk = Talk()
    assert talk.hear()["event"] == "hello"
    talk.process.terminate()
    assert talk.process.wait(LONG) == 0
    talk.end()


def test_the_end_of_its_input_ends_it_also_before_it_is_up():
    talk = Talk()
    talk.process.stdin.close()
    assert talk.process.wait(LONG) == 0
    talk.end()


def test_a_host_that_stops_reading_cannot_keep_it_alive():
    talk = Talk()
    assert talk.hear()["event"] == "hello"
    os.set_blocking(talk.process.stdin.fileno(), False)
    line = b'{"op": "ping", "id": "' + b"x" * 4000 + b'"}\n'

    def flood():
        for _ in range(100_000):  # until its answers, which nobody reads, fill the pipe and it reads no more
            os.write(talk.process.stdin.fileno(), line)

    with pytest.raises(BlockingIOError):
        flood()
    talk.process.stdout.close()
    talk.process.stdin.close()
    assert talk.process.wait(LONG) == 0


def test_what_else_is_printed_never_gets_among_the_events():
    program = (
        "import os; from dvm_core.worker.channel import Channel, take_stdout; channel = Channel(take_stdout());"
        "print('from Python', flush=True); os.write(1, b'from C\\n'); os.system('echo from a child');"
        "channel.send({'event': 'x'}, 'id')"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=LONG)
    assert json.loads(ran.stdout) == {"event": "x", "id": "id"}
    assert sorted(ran.stderr.split("\n")) == ["", "from C", "from Python", "from a child"]
