"""Events in words, for terminals and log files."""

from __future__ import annotations

from dvm_core.bridge.amounts import in_words
from dvm_core.bridge.protocol import Event


def describe(event: Event) -> str:
    """One line about an event."""
    kind = event["event"]
    if kind == "hello":
        return "dvm {version} on {device}".format(**event)
    if kind == "plan":
        return _plan(event)
    if kind == "frame":
        return "frame {frame} ({index}/{total}), {seconds:.2f} s: {path}".format(**event)
    if kind == "done":
        return _done(event)
    if kind == "cancelled":
        return "cancelled; finished frames stay"
    return str(event["message"])


def _plan(event: Event) -> str:
    if not event["frames"]:
        return "nothing left to do: every frame is there"
    frames = f"{event['first']}-{event['last']}" if event["frames"] > 1 else str(event["first"])
    return (
        f"{_count(event['frames'])} ({frames}) with {event['model']} on "
        f"{event['device']} ({event['kernels']}, {event['precision']}), plate {event['colorspace']}, "
        f"tiles {event['tile'] or 'off'}, {in_words(event['memory_bytes'])} of memory"
    )


def _done(event: Event) -> str:
    seconds = max(event["seconds"], 1e-3)
    where = f": {event['outputs'][0]}" if event["outputs"] else ""
    more = f" to {event['outputs'][-1]}" if len(event["outputs"]) > 1 else ""
    rate = f"{event['frames'] / seconds:.2f} frames/s"
    return f"{_count(event['frames'])} in {seconds:.1f} s ({rate}){where}{more}"


def _count(frames: int) -> str:
    return "1 frame" if frames == 1 else f"{frames} frames"


def duration(seconds: float) -> str:
    """A time in words: `45 s`, `12 min`, `3.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
