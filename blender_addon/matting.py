"""One matte from beginning to end, in steps: the same for a window that must not freeze and for `blender -b`."""

import os
import shutil
import tempfile
from typing import NamedTuple

import bpy

from . import group
from .bridge.errors import Cancelled, DvmError, OutputError, UsageError
from .bridge.frames import FramePattern, format_range, nearest, parse_range
from .bridge.job import MatteJob
from .bridge.settings import Settings
from .corrected import corrected_files, with_corrected
from .dump import dump
from .plate import Plate, file_plate, plate_source, rendered_plate
from .trimaps import frames_to_render, keys_of, trimap_builder, trimap_files

NEIGHBOURS = 4
"""Frames on each side that Blender renders besides those to matte; no shipped model looks further."""


class Progress(NamedTuple):
    """How far it is.

    Attributes:
        message: What is happening.
        done: Frames finished.
        total: Frames that there will be; 0 while that is not known.
        waiting: Whether the engine has the next word, so that there is nothing to do here for a moment.
    """

    message: str
    done: int = 0
    total: int = 0
    waiting: bool = False


class Matting:
    """One press of the button.

    Args:
        scene: The scene whose compositing nodes have the matte.
        node: Name of the DVM Matte.
        worker: The engine.
        only: Frame of the scene to matte; None for the node's range.

    Attributes:
        is_cancelled: Whether somebody asked to stop.
        warnings: What may have spoilt the result.
    """

    def __init__(self, scene, node, worker, only=None):
        self._scene_name = scene.name
        self._node_name = node
        self._worker = worker
        self._only = only
        self.is_cancelled = False
        self.warnings = ()

    def cancel(self):
        """Stop within a frame; finished frames stay."""
        self.is_cancelled = True

    def steps(self):
        """Do it, a little at a time.

        Yields:
            A `Progress` after each step; none takes longer than the render of one frame.

        Raises:
            Cancelled: `cancel` was called.
            DvmError: The kind that fits; finished frames stay.
        """
        wanted = self._frames()
        output = group.output_pattern(self._tree)
        self._check(output)
        with _working_folder(output) as folder:
            plate = yield from self._plate(folder, wanted)
            trimap = yield from self._trimap(folder, wanted, plate)
            job = self._job(plate, trimap, output, [frame + plate.shift for frame in wanted])
            yield from self._run(job)
        self._finish(job, output, plate.shift)

    @property
    def _scene(self):
        # Names are kept and things looked up anew: an undo between two steps leaves old references dangling.
        return bpy.data.scenes[self._scene_name]

    @property
    def _node(self):
        return group.find(self._scene, self._node_name)

    @property
    def _tree(self):
        return self._node.node_tree

    def _frames(self):
        """Frames of the scene to matte."""
        if self._only is not None:
            return (self._only,)
        typed = self._tree.dvm.range
        return parse_range(typed) if typed else tuple(range(self._scene.frame_start, self._scene.frame_end + 1))

    def _check(self, output):
        """Say what is wrong with the settings before Blender renders for long."""
        self._job(Plate("plate", 0, (), (0, 0)), "trimap", output, ())

    def _plate(self, folder, wanted):
        source = plate_source(self._node)
        plate = file_plate(source)
        if plate is not None:
            return plate
        shot = set(range(self._scene.frame_start, self._scene.frame_end + 1)).union(wanted)
        keys = shot.intersection(keys_of(self._tree.dvm))
        made = with_corrected(self._tree.dvm, wanted, shot, 0)
        frames = [frame for frame in _between(keys, _around(made)) if frame in shot]
        pattern = FramePattern(os.path.join(folder, "plate."), 4, ".exr")
        yield from self._dump("plate", self._plate_socket, {frame: pattern.path(frame) for frame in frames}, True)
        return rendered_plate(pattern, frames, sorted(shot))

    def _plate_socket(self, tree, frame):
        return plate_source(tree.nodes[self._node_name])

    def _trimap(self, folder, wanted, plate):
        settings = self._tree.dvm
        files = trimap_files(settings)
        if files is not None:
            return files
        there = {number - plate.shift for number in plate.frames}.union(wanted)
        made = with_corrected(settings, wanted, there, plate.shift)
        around = [frame for frame in _around(made) if frame in there]
        pattern = FramePattern(os.path.join(folder, "trimap."), 4, ".exr")
        paths = {frame: pattern.path(frame + plate.shift) for frame in frames_to_render(settings, around)}
        yield from self._dump("trimap", trimap_builder(self._node_name, settings, plate.size), paths, False)
        return str(pattern)

    def _dump(self, what, build, paths, colour):
        for done, frame in enumerate(dump(self._scene, build, paths, colour), 1):
            self._stop_if_asked()
            yield Progress(f"Rendering the {what}, frame {frame}", done, len(paths))

    def _job(self, plate, trimap, output, frames):
        settings = self._tree.dvm
        job = MatteJob(
            plate=plate.path,
            trimap=trimap,
            output=str(output),
            range=format_range(frames),
            shot_range=format_range(plate.shot),
            trimap_mode="keyframes" if settings.propagate else "every-frame",
            model=_model(settings),
            corrected=corrected_files(settings),
            settings=Settings(
                device=settings.device,
                reduce=1 if settings.full_size else "auto",
                colorspace=plate.colorspace,
                existing="resume" if settings.resume and self._only is None else "overwrite",
            ),
        )
        return job.resolved(os.path.dirname(output.head))

    def _run(self, job):
        yield Progress("Starting the engine", waiting=True)
        task = self._worker.run(job)
        state = Progress("Waiting for the engine", 0, len(job.frames), True)
        asked = False
        try:
            while not task.finished:
                if self.is_cancelled and not asked:
                    task.cancel()
                    asked = True
                    state = state._replace(message="Cancelling")
                for event in task.poll():
                    state = _progress(state, event)
                yield state
        finally:
            if not task.finished:
                task.cancel()
        self.warnings = task.warnings
        _raise_if_failed(task.last)

    def _stop_if_asked(self):
        if self.is_cancelled:
            raise Cancelled("Cancelled; nothing was matted.")

    def _finish(self, job, output, shift):
        missing = [frame for frame in job.frames if not os.path.isfile(output.path(frame))]
        if missing:
            raise OutputError(f"The engine is done, but '{output.path(missing[0])}' is not there.")
        group.show(self._tree, shift)


def _around(frames):
    """Frames and their neighbours, in order."""
    return sorted({frame + step for frame in frames for step in range(-NEIGHBOURS, NEIGHBOURS + 1)})


def _between(keys, frames):
    """Frames, and where trimaps are propagated all others from the key before each of them to the key behind it."""
    if not keys:
        return frames
    reaches = ([frame, *nearest(keys, frame)] for frame in frames)
    spans = {(min(reach), max(reach)) for reach in reaches}
    return sorted({frame for first, last in spans for frame in range(first, last + 1)})


def _model(settings):
    if settings.model != "file":
        return settings.model
    if not settings.model_file:
        raise UsageError("No file of weights is named; pick one, or choose another model.")
    return bpy.path.abspath(settings.model_file)


def _progress(state, event):
    kind = event["event"]
    if kind == "plan":
        return state._replace(message="Matting on {}".format(event["device"]), total=event["frames"])
    if kind == "frame":
        return state._replace(message="Matting", done=event["index"], total=event["total"])
    if kind in ("log", "warning"):
        return state._replace(message=event["message"])
    return state


def _raise_if_failed(event):
    if event["event"] == "cancelled":
        raise Cancelled("Cancelled; finished frames stay.")
    if event["event"] == "error":
        raise DvmError(event["message"], frame=event.get("frame"), path=event.get("path"))


class _working_folder:
    """A folder beside the output, where there is room for frames; gone when the matte is done."""

    def __init__(self, output):
        self._parent = os.path.dirname(output.head)

    def __enter__(self):
        try:
            os.makedirs(self._parent, exist_ok=True)
            self._path = tempfile.mkdtemp(prefix=".dvm-", dir=self._parent)
        except OSError as error:
            raise OutputError(f"'{self._parent}' cannot be written: {error.strerror or error}.") from None
        return self._path

    def __exit__(self, *error):
        shutil.rmtree(self._path, ignore_errors=True)
