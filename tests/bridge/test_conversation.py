"""Engines that misbehave: the host neither hangs nor crashes, and says in a sentence what happened."""

import time

import pytest

from dvm_core.bridge.errors import DvmError

LONG = 300
HELLO = """print(json.dumps({"event": "hello", "protocol": 1, "version": "x", "device": "cpu"}), flush=True)"""


def test_an_engine_of_another_protocol_is_refused_and_ended(engine, make_worker, make_job):
    worker = make_worker(engine('print(json.dumps({"event": "hello", "protocol": 99}), flush=True); time.sleep(600)'))
    task = worker.run(make_job())
    with pytest.raises(DvmError, match=r"speaks protocol 99 and this host 1: .* run `dvm install` again"):
        worker.start(LONG)
    assert task.wait(LONG)["code"] == 1
    assert "protocol 99" in task.last["message"]
    assert worker.pid is None


def test_an_engine_that_dies_at_once_says_why(engine, make_worker):
    program = 'print("line one", file=sys.stderr); sys.exit("ModuleNotFoundError: No module named \'dvm_core\'")'
    with pytest.raises(DvmError, match=r"stopped unexpectedly \(exit code 1\)(.|\n)*No module named 'dvm_core'"):
        make_worker(engine(program)).start(LONG)


def test_an_engine_that_never_comes_up_is_ended(engine, make_worker):
    worker = make_worker(engine("time.sleep(600)"))
    with pytest.raises(DvmError, match=r"did not come up within 0\.2 seconds"):
        worker.start(0.2)
    assert worker.pid is None


def test_an_engine_that_cannot_be_run_is_refused(tmp_path, make_worker):
    (tmp_path / "engine").write_bytes(b"\x7fELF nothing")
    (tmp_path / "engine").chmod(0o755)
    with pytest.raises(DvmError, match="cannot be started"):
        make_worker(str(tmp_path / "engine")).start(LONG)


def test_an_engine_that_does_not_answer_is_told(engine, make_worker):
    worker = make_worker(engine(HELLO + "\ntime.sleep(600)"))
    worker.start(LONG)
    with pytest.raises(DvmError, match=r"did not answer within 0\.1 seconds"):
        worker.ping(0.1)


def test_an_engine_that_never_reads_blocks_nobody(engine, make_worker, make_job):
    worker = make_worker(engine(HELLO + "\ntime.sleep(600)"))
    worker.start(LONG)
    job = make_job(plate="/" + "x" * 4000)
    started = time.monotonic()
    tasks = [worker.run(job) for _ in range(200)]  # far more than a pipe holds
    worker.stop()
    assert time.monotonic() - started < LONG
    assert {task.wait(LONG)["event"] for task in tasks} == {"cancelled"}


def test_an_engine_that_ignores_every_hint_is_killed(engine, make_worker):
    program = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + HELLO + "\ntime.sleep(600)"
    worker = make_worker(engine(program))
    worker.start(LONG)
    worker.stop()
    assert worker.pid is None


def test_a_flood_on_both_pipes_drowns_nobody(engine, make_worker, make_job):
    program = f"""
    for line in range(50000):
        print("noise", line, "x" * 100, file=sys.stderr)
        print("no event at all", line)
    sys.stderr.write("y" * 5000000)
    sys.stdout.buffer.write(b"\\xff\\x00[[[[{{{{\\n[]\\n7\\nnull\\n")
    {HELLO}
    request = json.loads(sys.stdin.readline())
    for event in (dict(event="done", id="nobody"), dict(event=["done"], id=request["id"]), dict(id=request["id"]),
                  dict(event="done", id=request["id"], frames=0, seconds=0, outputs=[])):
        print(json.dumps(event), flush=True)
    sys.stdin.read()
    """
    worker = make_worker(engine(program))
    task = worker.run(make_job())
    assert task.wait(LONG)["event"] == "done"
    assert len(task.poll()) == 1


def test_a_crash_is_told_with_the_end_of_what_the_engine_said(engine, make_worker, make_job):
    program = (
        HELLO
        + """
for line in range(1000):
    print("before", line, file=sys.stderr)
print("Fatal Python error: Segmentation fault", file=sys.stderr, flush=True)
sys.stdin.readline()
os.kill(os.getpid(), 11)
"""
    )
    worker = make_worker(engine(program))
    end = worker.run(make_job()).wait(LONG)
    assert end["code"] == 1
    assert end["message"].startswith("The engine stopped unexpectedly (signal 11)")
    assert end["message"].endswith("Fatal Python error: Segmentation fault")
    assert "before 900\n" not in end["message"]
