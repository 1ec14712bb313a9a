"""What one running Nuke knows, and the rules of its threads; the fake's other modules share it."""

import functools
import queue
import threading
import time


class Session:
    """A Nuke, from its start to its end."""

    def __init__(self) -> None:
        self.root = None
        self.frame = 1
        self.view = "main"
        self.views = ["main"]
        self.this_node = []
        self.selected = []
        self.plugin_path = []
        self.on_create = []
        self.menu = {}
        self.messages = []
        self.printed = []
        self.progress = []
        self.rendered = []
        self.main_queue = queue.Queue()
        self.undo_off = 0
        self.undo_steps = []
        self.undo_group = None
        self.rendering = False

    def pump(self, until, seconds=300.0):
        """Run what other threads handed to the main thread, until a condition holds."""
        deadline = time.monotonic() + seconds
        while not until():
            if time.monotonic() > deadline:
                raise TimeoutError("Nuke's main thread waited in vain")
            try:
                call, arguments, keywords = self.main_queue.get(timeout=0.02)
            except queue.Empty:
                continue
            call(*arguments, **keywords)

    def record(self, undo):
        """Note how a change is taken back."""
        if self.undo_off:
            return
        if self.undo_group is not None:
            self.undo_group.append(undo)
        else:
            self.undo_steps.append([undo])


session = Session()


def main_only(function):
    """Nodes, knobs and dialogs belong to the main thread; elsewhere Nuke crashes, sooner or later."""

    @functools.wraps(function)
    def guarded(*arguments, **keywords):
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError(f"{function.__qualname__} was called outside of Nuke's main thread")
        return function(*arguments, **keywords)

    return guarded
