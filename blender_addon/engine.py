"""The one engine process of this Blender; it starts when it is first needed and keeps its weights loaded."""

import threading

from . import preferences
from .bridge.client import Worker

_engine = {"python": "", "worker": None}


def worker():
    """The engine that the preferences name; another one than before is started anew."""
    python = preferences.engine_python()
    if _engine["worker"] is None or _engine["python"] != python:
        stop()
        _engine.update(python=python, worker=Worker(python=python))
    return _engine["worker"]


def stop():
    """End the engine, if it runs."""
    if _engine["worker"] is not None:
        _engine["worker"].stop()
        _engine["worker"] = None


def hello():
    """Start the engine without waiting for it.

    Yields:
        None, as long as it starts; then its `hello` event.

    Raises:
        DvmError: There is no engine, or it does not start.
    """
    found = []

    def start():
        try:
            found.append(worker().start())
        except Exception as error:
            found.append(error)

    thread = threading.Thread(target=start, name="dvm-hello", daemon=True)
    thread.start()
    while thread.is_alive():
        yield None
    if isinstance(found[0], Exception):
        raise found[0]
    yield found[0]
