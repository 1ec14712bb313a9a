"""What the buttons of DVM Matte do; each is called with its node, in the main thread."""

import functools
from typing import Callable, Optional, Sequence

import nuke

from . import farm, keyframes, panel, prepare, result, runs
from .bridge.engine import find_python
from .bridge.errors import Cancelled, DvmError, UsageError
from .host import IDENTITY, one_step, only_group
from .span import Span
from .upstream import shot_of, source

_DUMPS = "dvm_input"
"""Folder beside the alphas for what is rendered for a run, taken away after it."""

Button = Callable[[nuke.Node], None]


def _button(action: Callable[[nuke.Group], None]) -> Button:
    """A button whose faults are sentences to the artist, on its status line too."""

    @functools.wraps(action)
    def pressed(node: nuke.Node) -> None:
        try:
            group = only_group(node)
        except UsageError as error:
            runs.report(error.message)
            return
        try:
            action(group)
        except Cancelled as error:
            runs.show_status(group, error.message)
        except DvmError as error:
            runs.show_status(group, error.message)
            runs.report(f"{group.name()}: {error.message}")

    return pressed


@_button
def matte(group: nuke.Group) -> None:
    """Matte the whole range."""
    _start(group, None)


@_button
def matte_frame(group: nuke.Group) -> None:
    """Matte the frame that the viewer is on, in its place among the others."""
    _start(group, int(nuke.frame()))


@_button
def cancel(group: nuke.Group) -> None:
    """Stop this node's run within a frame."""
    run = runs.running(str(group[IDENTITY].value()))
    if run is None:
        runs.show_status(group, "Nothing is running.")
        return
    run.cancel()
    runs.show_status(group, "Cancelling after this frame.")


@_button
def reload(group: nuke.Group) -> None:
    """Show what is on disk now, whoever made it: an earlier run, a farm, a script that was closed half-way."""
    runs.show_status(group, result.attach(group, panel.read(group)))


@_button
def submit(group: nuke.Group) -> None:
    """Write what a farm needs to matte the range."""
    knobs = panel.read(group)
    runs.show_status(group, "Making the farm bundle.")
    farm.submit(group, knobs)


@_button
def input_range(group: nuke.Group) -> None:
    """Take the range from the plate."""
    frames = shot_of(source(group, 0, "plate"))
    with one_step("DVM input range"):
        group["first"].setValue(frames.first)
        group["last"].setValue(frames.last)


@_button
def add_key(group: nuke.Group) -> None:
    """Make the current frame a trimap keyframe, and trimaps keyframes."""
    frames = _keys(group)
    with one_step("DVM add keyframe"):
        group["keyframes"].setValue(keyframes.write([*frames, int(nuke.frame())]))
        group["propagate"].setValue(True)


@_button
def remove_key(group: nuke.Group) -> None:
    """Make the current frame no keyframe."""
    here = int(nuke.frame())
    frames = _keys(group)
    if here not in frames:
        raise UsageError(f"Frame {here} is no trimap keyframe; they are {keyframes.write(frames) or 'none yet'}.")
    with one_step("DVM remove keyframe"):
        group["keyframes"].setValue(keyframes.write([key for key in frames if key != here]))


@_button
def previous_key(group: nuke.Group) -> None:
    """Jump to the keyframe before."""
    _jump(keyframes.previous(_keys(group), int(nuke.frame())))


@_button
def next_key(group: nuke.Group) -> None:
    """Jump to the keyframe after."""
    _jump(keyframes.following(_keys(group), int(nuke.frame())))


def matte_all(nodes: Sequence[nuke.Node]) -> None:
    """Matte several nodes; the engine takes them in turn."""
    for node in nodes:
        matte(node)


def _start(group: nuke.Group, frame: Optional[int]) -> None:
    knobs = panel.read(group)
    if runs.running(knobs.identity) is not None:
        raise UsageError("It is running already; wait for it, or press Cancel first.")
    find_python()  # before anything is rendered for an engine that is not there
    wanted = knobs.wanted if frame is None else Span(frame, frame)
    runs.show_status(group, "Starting.")
    runs.start(knobs, prepare.jobs(group, knobs, wanted, _DUMPS))


def _keys(group: nuke.Group) -> Sequence[int]:
    return keyframes.read(str(group["keyframes"].value()))


def _jump(frame: Optional[int]) -> None:
    if frame is not None:
        nuke.frame(frame)
