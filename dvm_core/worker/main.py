"""`dvm worker`: the life of the process, from taking stdout over to the last job."""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
from types import FrameType
from typing import TYPE_CHECKING

from dvm_core.bridge import protocol
from dvm_core.bridge.protocol import Event
from dvm_core.worker.channel import Channel, take_stdout
from dvm_core.worker.inbox import Inbox, Request

if TYPE_CHECKING:
    from dvm_core.worker.engine import Engine


def main() -> None:
    """Serve jobs until the host says quit or is gone."""
    channel = Channel(take_stdout())
    faulthandler.enable()
    inbox = Inbox(0, channel)
    _stop_on_signals(inbox)
    inbox.listen()
    # Not before stdout is safe, and while the host can already talk: this loads the whole engine.
    from dvm_core import __version__
    from dvm_core.pipeline.device import choose
    from dvm_core.worker.engine import Engine

    engine = Engine()
    channel.send(protocol.hello(__version__, str(choose().device)))
    for request in inbox:
        _run(request, engine, inbox, channel)
    # Every frame and event is out; taking torch apart would only keep the host waiting.
    sys.stderr.flush()
    os._exit(0)


def _run(request: Request, engine: Engine, inbox: Inbox, channel: Channel) -> None:
    def emit(event: Event) -> None:
        if event["event"] in protocol.LAST:
            inbox.finished(request.name)
        channel.send(event, request.name)

    engine.run(request.document, emit=emit, cancelled=lambda: inbox.is_cancelled(request.name))


def _stop_on_signals(inbox: Inbox) -> None:
    """The first signal stops at the end of the frame, as quit does; the second at once."""

    def stop(number: int, frame: FrameType | None) -> None:
        if inbox.closed:
            raise SystemExit(128 + number)
        inbox.close()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
