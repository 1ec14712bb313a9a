"""A job's files: which frames the shot has, which are written, and whether plates and trimaps fit, before any work."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dvm_core.bridge.errors import InputError
from dvm_core.bridge.frames import format_range
from dvm_core.bridge.job import MatteJob
from dvm_core.io.plate import PlateReader
from dvm_core.io.trimap_file import UNKNOWN, TrimapReader
from dvm_core.model.network import Window
from dvm_core.pipeline.corrected import CorrectedAlphas
from dvm_core.pipeline.keyframes import KeyframeTrimaps
from dvm_core.pipeline.keys import ShotKeys
from dvm_core.pipeline.patience import Say
from dvm_core.pipeline.preflight import Problem, TrimapSource, listed, missing, refuse, survey
from dvm_core.pipeline.windows import spans


@dataclass(frozen=True)
class Shot:
    """What a job reads and writes.

    Attributes:
        plate: Reader of the plates.
        trimap: Reader of the trimaps.
        keys: Whose trimaps the others were propagated from.
        corrected: Alphas that were put right by hand.
        frames: Every frame that can be a neighbour, sorted.
        wanted: Those that are written, sorted.
        size: Height and width of every frame, in pixels.
        warnings: What the user should know.
    """

    plate: PlateReader
    trimap: TrimapSource
    keys: ShotKeys
    corrected: CorrectedAlphas
    frames: tuple[int, ...]
    wanted: tuple[int, ...]
    size: tuple[int, int]
    warnings: tuple[str, ...]

    def read(self, window: Window) -> list[int]:
        """Every frame that is read to write the wanted ones with a model that has a window, in order."""
        needed = _needed(self.frames, self.wanted, self.corrected, window)
        return sorted(self.keys.needs(needed))


def open_shot(job: MatteJob, window: Window, *, say: Say) -> Shot:
    """Find a job's frames and check them.

    Args:
        job: The job, paths resolved.
        window: Neighbours that the model wants.
        say: Told of each file that must be read again as keyframes are propagated.

    Raises:
        InputError: If frames are missing, a header is damaged, or sizes or colour spaces differ; it names all of it.
    """
    settings = job.settings
    keep_linear = bool(settings.fg) or settings.channels == "rgba"
    plate = PlateReader(job.plate, keep_linear=keep_linear, **settings.of_plate)
    shot = job.shot_frames or plate.frames
    wanted = job.frames or shot
    trimap, keyed = _trimaps(job, plate, (shot, wanted), say)
    corrected = CorrectedAlphas(job.corrected, shot)
    compared = corrected.around(wanted)
    problems = missing(wanted, plate.frames, "plate", job.plate, "give a --range of frames that are there")
    problems += missing(
        wanted, keyed, "trimap", job.trimap, "add them, or use --propagate to treat what is there as keyframes"
    )
    problems += _incomparable(job, set(compared) - set(wanted), plate.frames, keyed)
    usable = set(plate.frames) & set(keyed)
    frames = tuple(frame for frame in shot if frame in usable)
    there = [frame for frame in wanted if frame in usable]
    keys, strangers = _keys(job, trimap, frames)
    problems += strangers
    needed = keys.needs(_needed(frames, there, corrected, window))
    if isinstance(trimap, KeyframeTrimaps):
        needed = trimap.needs(sorted(needed))
    size, found = survey(plate, trimap, sorted(needed))
    refuse(problems + found + (corrected.problems(compared, size) if any(size) else []))
    warnings = (*_warnings(shot, frames, wanted, window), *_gaps(job, plate), *_strangers(corrected))
    return Shot(plate, trimap, keys, corrected, frames, wanted, size, warnings)


def require_unknown(job: MatteJob, shot: Shot, read: Callable[[int], NDArray[np.uint8]]) -> None:
    """Refuse a range in which no trimap has an unknown pixel; as a rule the first frame has some.

    A job that names its shot is a part of it, and may well have none while the shot has.

    Args:
        job: The job.
        shot: Its files.
        read: Gives the trimap of a frame.

    Raises:
        InputError: If there is none.
    """
    for frame in (*shot.wanted, *(shot.frames if job.shot_range else ())):
        if (read(frame) == UNKNOWN).any():
            return
    raise InputError(
        f"No trimap of frames {format_range(shot.wanted)} has an unknown pixel (between 0.05 and 0.95), so there is "
        "nothing to matte; paint the edges grey, or make trimaps with `dvm trimap make --dilate`."
    )


def _trimaps(
    job: MatteJob, plate: PlateReader, frames: tuple[tuple[int, ...], tuple[int, ...]], say: Say
) -> tuple[TrimapSource, tuple[int, ...]]:
    """Where the trimaps come from, and the frames that have one; of all frames of the shot, and the wanted ones."""
    shot, wanted = frames
    files = TrimapReader(job.trimap, channel=job.settings.trimap_channel)
    if job.trimap_mode == "keyframes":
        keyframes = KeyframeTrimaps(files, plate, shot, wanted[0], say=say)
        return keyframes, keyframes.frames
    return files, _keyed(files, wanted)


def _keys(job: MatteJob, trimap: TrimapSource, frames: tuple[int, ...]) -> tuple[ShotKeys, list[Problem]]:
    """The keys among a shot's frames, and what is wrong with those that a job names."""
    if isinstance(trimap, KeyframeTrimaps):
        return ShotKeys(trimap.keyed), []
    there = set(job.key_frames).intersection(frames)
    keys, gone = ShotKeys(sorted(there)), sorted(set(job.key_frames) - there)
    if not gone:
        return keys, []
    sentence = (
        f"Expected a plate and a trimap of every key (frames {job.keys}), and each a frame of the shot, "
        f"found otherwise for {listed(gone)}; add what they lack, or leave them out of `keys`."
    )
    return keys, [Problem(sentence, gone[0])]


def _keyed(trimap: TrimapReader, wanted: tuple[int, ...]) -> tuple[int, ...]:
    """Frames that have a trimap; a file without a frame number serves a still."""
    if trimap.single is None:
        return trimap.frames
    return wanted if len(wanted) == 1 else wanted[:1]


def _needed(frames: Sequence[int], wanted: Sequence[int], corrected: CorrectedAlphas, window: Window) -> set[int]:
    """The wanted frames, those that they are corrected from, and the neighbours of all."""
    known = set(frames)
    made = sorted({*wanted, *corrected.around(wanted)} & known)
    return {frame for span in spans(frames, made, window) for frame in span.frames}


def _incomparable(
    job: MatteJob, frames: Collection[int], plate: tuple[int, ...], keyed: tuple[int, ...]
) -> list[Problem]:
    """What frames that were put right lack to be matted, and so compared, themselves."""
    remedy = f"a frame that was put right needs one: add it, or take its alpha out of {job.corrected}"
    return missing(frames, plate, "plate", job.plate, remedy) + missing(frames, keyed, "trimap", job.trimap, remedy)


def _strangers(corrected: CorrectedAlphas) -> tuple[str, ...]:
    if not corrected.others:
        return ()
    return (f"Corrected alphas of frames {listed(corrected.others)} are left out: the shot has no such frames.",)


def _warnings(
    shot: tuple[int, ...], frames: tuple[int, ...], wanted: tuple[int, ...], window: Window
) -> tuple[str, ...]:
    lost = _lost_neighbours(shot, frames, wanted, window)
    if not lost:
        return ()
    return (f"Frames {listed(lost)} are neighbours without a plate or trimap; the nearest frame stands in for them.",)


def _lost_neighbours(
    shot: tuple[int, ...], frames: tuple[int, ...], wanted: tuple[int, ...], window: Window
) -> list[int]:
    """Neighbours of the wanted frames that the shot should have but cannot use."""
    needed = {frame for span in spans(shot, wanted, window) for frame in span.frames}
    return sorted(needed - set(frames))


def _gaps(job: MatteJob, plate: PlateReader) -> tuple[str, ...]:
    """Frames that a job would have if its plate had them; one that names its frames hears of them as missing."""
    if job.range or job.shot_range:
        return ()
    lost = sorted(set(range(plate.frames[0], plate.frames[-1] + 1)) - set(plate.frames))
    if not lost:
        return ()
    return (
        f"The plate {job.plate} has no file for frames {listed(lost)}; they are left out, and the frames beside them "
        "are taken for neighbours.",
    )
