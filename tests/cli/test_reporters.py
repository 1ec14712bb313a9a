"""What a job says while it runs, in each way that `--progress` knows, on real jobs where it matters."""

import io
import json
import re
import sys

import pytest

from dvm_core.bridge import protocol
from dvm_core.bridge.errors import InputError, UsageError
from dvm_core.cli import reporters

PLAN = protocol.plan(
    (1001, 1002),
    model="lite",
    device="cpu",
    kernels="cpu-avx512",
    precision="fp32",
    colorspace="lin_rec709_scene",
    tile=0,
    memory_bytes=3 << 29,
)
EVENTS = [
    protocol.hello("0.1.0", "cpu"),
    PLAN,
    protocol.warning("neighbours\nare missing"),
    protocol.frame(1001, 0.5, "/a.1001.exr", index=1, total=2),
    protocol.frame(1002, 0.5, "/a.1002.exr", index=2, total=2),
    protocol.done(2, 1.0, ["/a.1001.exr", "/a.1002.exr"]),
]


def _show(progress, events, quiet=False, moving=True):
    with reporters.reporting(progress, quiet=quiet, moving=moving) as show:
        for event in events:
            show(event)


def test_json_is_every_event_as_it_is(capsys):
    _show("json", EVENTS)
    out, err = capsys.readouterr()
    assert [json.loads(line) for line in out.splitlines()] == EVENTS
    assert err == ""


def test_openjd_lines_have_their_exact_form(capsys):
    _show("openjd", EVENTS)
    out = capsys.readouterr().out.splitlines()
    assert [line for line in out if line.startswith("openjd_progress")] == [
        "openjd_progress: 50.0",
        "openjd_progress: 100.0",
    ]
    assert "openjd_status: frame 1001 (1/2)" in out
    assert "neighbours are missing" in out
    assert all(re.fullmatch(r"openjd_(progress: [0-9.]+|status: .+)|neighbours are missing", line) for line in out)


def test_openjd_says_why_it_failed_in_one_line(capsys):
    _show("openjd", [protocol.error(InputError("Frame 7\nis damaged.", frame=7))])
    assert capsys.readouterr().out == "openjd_fail: Frame 7 is damaged.\n"


@pytest.mark.parametrize(("progress", "quiet"), [("none", False), ("bar", True), ("json", True)])
def test_nothing_is_shown_when_nothing_is_wanted(capsys, progress, quiet):
    _show(progress, EVENTS, quiet=quiet)
    assert capsys.readouterr() == ("", "")


def test_lines_are_sparse_and_say_plan_warnings_and_end(capsys):
    frames = [protocol.frame(n, 0.1, f"/a.{n}.exr", index=n, total=200) for n in range(1, 201)]
    _show("auto", [PLAN, EVENTS[2], *frames, EVENTS[-1]])
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert len(lines) < 20
    assert lines[0].startswith("2 frames (1001-1002) with lite on cpu (cpu-avx512, fp32)")
    assert lines[0].endswith("tiles off, 1.5 GB of memory")
    assert lines[1].startswith("warning: neighbours")
    assert lines[-1] == "2 frames in 1.0 s (2.00 frames/s): /a.1001.exr to /a.1002.exr"


def test_a_still_is_one_frame(capsys):
    facts = {key: PLAN[key] for key in protocol.PLAN_FIELDS}
    _show("auto", [protocol.plan([7], **facts), protocol.done(1, 2.0, ["/a.exr"])])
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("1 frame (7) with lite on cpu")
    assert lines[1] == "1 frame in 2.0 s (0.50 frames/s): /a.exr"


def test_lines_say_how_much_is_left(capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(reporters.time, "monotonic", lambda: now[0])
    show = reporters.Lines()
    show(PLAN)
    for index in range(1, 13):
        now[0] = float(index)
        show(protocol.frame(1000 + index, 1.0, "/a", index=index, total=60))
    lines = capsys.readouterr().err.splitlines()[1:]
    assert lines == ["frame 1005 (5/60), 55 s left", "frame 1010 (10/60), 50 s left"]


class _Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_gets_a_bar_with_frames_speed_and_time_left(monkeypatch):
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    _show("auto", EVENTS)
    shown = terminal.getvalue()
    assert "2/2" in shown
    assert "frame 1002" in shown
    assert re.search(r"\d+:\d\d:\d\d", shown)
    assert "warning: neighbours" in shown


def test_a_bar_is_shown_wherever_it_is_asked_for(capsys):
    _show("bar", EVENTS)
    assert "2/2" in capsys.readouterr().err


def test_a_plan_alone_has_no_bar(capsys):
    _show("bar", [PLAN], moving=False)
    assert "0/2" not in capsys.readouterr().err


def test_an_unknown_way_is_refused():
    with pytest.raises(UsageError, match="--progress must be one of auto, bar, json, openjd, none"):
        _show("loud", [])


def test_a_job_tells_json_events_and_a_summary_last(dvm, shot):
    ran = dvm(*shot.arguments, "--progress", "json", "--json")
    assert ran.code == 0, ran.err
    *events, summary = [json.loads(line) for line in ran.out.splitlines()]
    assert [event["event"] for event in events if event["event"] != "log"] == ["hello", "plan", *["frame"] * 4, "done"]
    assert summary["state"] == "done"
    assert summary["frames"] == 4
    assert summary["outputs"] == [str(shot.alpha(frame)) for frame in shot.frames]
    assert summary["plan"]["model"] == "closed-form"


def test_a_summary_comes_on_stdout_while_a_bar_runs_on_stderr(dvm, shot):
    ran = dvm(*shot.arguments, "--progress", "bar", "--json")
    assert json.loads(ran.out)["state"] == "done"
    assert "4/4" in ran.err


def test_a_summary_of_a_failure_says_code_and_reason(dvm, shot):
    (shot.folder / "trimap.1002.png").unlink()
    ran = dvm(*shot.arguments, "--json", "--quiet")
    summary = json.loads(ran.out)
    assert (ran.code, summary["state"], summary["code"]) == (3, "failed", 3)
    assert "1002" in summary["message"]


def test_even_wrong_options_end_in_a_summary_and_an_event(dvm, shot):
    ran = dvm(*shot.arguments, "--tile", "big", "--json", "--progress", "openjd")
    assert ran.out.splitlines()[0].startswith("openjd_fail: 'tile' must be")
    assert json.loads(ran.out.splitlines()[-1])["code"] == 2


def test_quiet_says_errors_alone(dvm, shot):
    assert dvm(*shot.arguments, "--quiet").err == ""
    assert dvm(*shot.arguments, "--quiet").err.startswith("dvm: ")


def test_a_dry_run_says_the_plan_and_writes_nothing(dvm, shot):
    ran = dvm(*shot.arguments, "--dry-run", "--json")
    assert ran.code == 0, ran.err
    assert "4 frames (1001-1004) with closed-form" in ran.err
    summary = json.loads(ran.out)
    assert (summary["state"], summary["plan"]["frames"]) == ("planned", 4)
    assert not list(shot.folder.glob("alpha.*"))


def test_a_log_file_gets_everything_and_is_appended_to(dvm, shot):
    log = shot.folder / "matte.log"
    assert dvm(*shot.arguments, "--quiet", "--log-file", log).code == 0
    first = log.read_text()
    assert "4 frames (1001-1004) with closed-form" in first
    assert "frame 1003 (3/4)" in first
    assert dvm(*shot.arguments, "--quiet", "--log-file", log).code == 6
    second = log.read_text()
    assert second.startswith(first)
    assert "ERROR" in second
    assert "--overwrite" in second


def test_a_reader_that_leaves_ends_the_job_in_one_sentence(start_dvm, shot):
    process = start_dvm(*shot.arguments, "--progress", "json")
    process.stdout.close()
    err = process.stderr.read()
    assert process.wait(timeout=300) == 6
    assert err.splitlines()[-1] == "dvm: <stdout> cannot be written: Broken pipe."
    assert "Traceback" not in err
