import json

import pytest

from dvm_core.bridge import protocol
from dvm_core.bridge.errors import InputError, UsageError

FACTS = {
    "model": "lite",
    "device": "cpu",
    "kernels": "reference",
    "precision": "fp32",
    "colorspace": "lin_rec709_scene",
    "tile": "off",
    "memory_bytes": 123,
}


def test_a_plan_says_frames_ends_and_facts():
    expected = {"event": "plan", "frames": 3, "first": 5, "last": 9, "kept": "1-4", **FACTS}
    assert protocol.plan((5, 7, 9), kept="1-4", **FACTS) == expected


def test_a_plan_for_no_frame_has_no_ends():
    event = protocol.plan((), **FACTS)
    assert (event["frames"], event["first"], event["last"]) == (0, None, None)


@pytest.mark.parametrize("facts", [{}, {**FACTS, "colour": "red"}])
def test_a_plan_with_other_facts_is_a_mistake_of_ours(facts):
    with pytest.raises(TypeError, match="A plan says model, device"):
        protocol.plan((1,), **facts)


def test_a_fault_becomes_an_event_with_its_frame_and_path():
    event = protocol.error(InputError("Frame 7 is damaged.", frame=7, path="/x/a.0007.exr"))
    assert event == {
        "event": "error",
        "code": 3,
        "message": "Frame 7 is damaged.",
        "frame": 7,
        "path": "/x/a.0007.exr",
    }


def test_every_event_is_one_line_of_json_that_reads_back():
    events = [
        protocol.hello("0.1.0", "cpu"),
        protocol.plan((1,), **FACTS),
        protocol.frame(1, 0.25, "/x/ä\n.0001.exr", index=1, total=1),
        protocol.log("two\nlines"),
        protocol.warning("narrow", frame=1),
        protocol.done(1, 0.5, ["/x/a.0001.exr"]),
        protocol.cancelled(),
        protocol.pong(),
    ]
    for event in events:
        line = protocol.encode(event)
        assert "\n" not in line
        assert line.isascii()
        assert json.loads(line) == event
        assert protocol.decode(line.encode()) == event


def test_warnings_fit_into_one_line():
    assert protocol.in_one_line(["The plate has a gap."]) == "The plate has a gap."
    assert protocol.in_one_line(("One.", "Two.", "Three.")) == "One. (and 2 more)"


def test_a_number_that_json_has_not_is_never_written():
    with pytest.raises(ValueError, match="not JSON compliant"):
        protocol.encode(protocol.frame(1, float("nan"), "a", index=1, total=1))


@pytest.mark.parametrize("line", [b"", b"\n", b"{", b"7", b"null", b"[]", b'"text"', b"\xff", b"[" * 100_000])
def test_a_line_that_is_no_object_is_refused_in_a_sentence(line):
    with pytest.raises(UsageError, match="one JSON object") as raised:
        protocol.decode(line)
    assert len(raised.value.message) < 400
