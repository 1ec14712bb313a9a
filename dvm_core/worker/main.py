"""`dvm worker`: the life of the process, from taking stdout over to the last job."""

from __future__ import annotations

import faulthandler
import signal
from types import FrameType

from dvm_core.bridge import protocol
from dvm_core.worker.channel import Channel, take_stdout
from dvm_core.worker.inbox import Inbox


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
        engine.run(
            request.document,
            emit=lambda event, name=request.name: channel.send(event, name),
            cancelled=lambda name=request.name: inbox.is_cancelled(name),
        )


def _stop_on_signals(inbox: Inbox) -> None:
    """The first signal stops at the end of the frame, as quit does; the second at once."""

    def stop(number: int, frame: FrameType | None) -> None:
        if inbox.closed:
            raise SystemExit(128 + number)
        inbox.close()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
