"""Operators that work in steps: by a timer in a window, in one go in the background or from Python."""

import time

from .bridge.errors import Cancelled, DvmError

_TICK = 0.05  # seconds between two looks at the engine
_BUSY = 0.02  # seconds of own work in one tick; a window stays fluid


class Stepping:
    """Mix into an operator that has `begin`, and maybe `show`, `ask_to_stop` and `end`.

    Blender calls `invoke` for a button in a window, and `execute` in the background and for a call from Python.
    """

    def begin(self, context):
        """Start.

        Returns:
            The steps: an iterator of what `show` takes; None for a moment in which there is nothing to do.
        """
        # Not abstract: Blender's operators have a metaclass of their own, which an abstract class cannot stand beside.
        raise NotImplementedError

    def show(self, context, progress):
        """Say how far it is."""

    def ask_to_stop(self):
        """Esc was pressed; the steps come to their end soon."""

    def end(self, context):
        """Whatever happened, it is over."""

    def execute(self, context):
        """All steps, one after the other."""
        try:
            for progress in self.begin(context):
                if progress is None or progress.waiting:
                    time.sleep(_TICK)
        except DvmError as error:
            return self._failed(error)
        finally:
            self.end(context)
        return {"FINISHED"}

    def invoke(self, context, event):
        """Begin, and let a timer do the rest."""
        try:
            self._steps = self.begin(context)
        except DvmError as error:
            return self._failed(error)
        self._timer = context.window_manager.event_timer_add(_TICK, window=context.window)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context, event):
        """A tick of the timer, or Esc; all else is the artist's."""
        if event.type == "ESC" and event.value == "PRESS":
            self.ask_to_stop()
            return {"RUNNING_MODAL"}
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        try:
            self._step(context)
        except StopIteration:
            self._release(context)
            return {"FINISHED"}
        except DvmError as error:
            self._release(context)
            return self._failed(error)
        return {"PASS_THROUGH"}

    def cancel(self, context):
        """Blender ends the operator itself: another file is opened, the window closed."""
        self._steps.close()
        self._release(context)

    def _step(self, context):
        until = time.monotonic() + _BUSY
        progress = next(self._steps)
        while progress is not None and not progress.waiting and time.monotonic() < until:
            progress = next(self._steps)
        self.show(context, progress)

    def _release(self, context):
        context.window_manager.event_timer_remove(self._timer)
        self.end(context)

    def _failed(self, error):
        self.report({"WARNING" if isinstance(error, Cancelled) else "ERROR"}, error.message)
        return {"CANCELLED"}
