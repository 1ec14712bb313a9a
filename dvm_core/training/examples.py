"""Finished frames of a shot, read from files: what `finetune` learns from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from dvm_core.bridge.errors import UsageError
from dvm_core.bridge.frames import parse_range
from dvm_core.bridge.settings import Settings
from dvm_core.io.plate import PlateReader
from dvm_core.io.sequence import FrameSequence, find_sequence
from dvm_core.io.trimap_file import TrimapReader
from dvm_core.model.colour_model import KnownColours
from dvm_core.model.network import MattingNetwork, Window
from dvm_core.pipeline.corrected import read_alpha
from dvm_core.pipeline.keys import ShotKeys
from dvm_core.pipeline.preflight import missing, refuse, survey
from dvm_core.pipeline.reduction import divisor_for, reduced, reduced_trimap
from dvm_core.pipeline.windows import neighbours
from dvm_core.training.crops import Example
from dvm_core.training.noise import Array


@dataclass(frozen=True)
class Files:
    """Where a shot and its finished alphas are, and how they are read.

    Attributes:
        plate: Pattern, file, folder or movie of the plate.
        trimap: Pattern or file of the trimaps.
        alpha: Pattern or file of the finished alphas; those that are there are the examples.
        range: Frames of them to use; "" for all.
        keys: Frames whose trimaps were painted, where those of the others were propagated from them; "" where each
            stands for itself.
        colorspace: `auto` or the name of the plate's colour space.
        layer: Layer of the plate.
        view: Stereo view of the plate.
        movie_frames: How the frames of a plate that is a movie are numbered: by `count` or by `timecode`.
        trimap_channel: Channel of the trimaps.
        alpha_channel: Channel of the alphas.
    """

    plate: str
    trimap: str
    alpha: str
    range: str = ""
    keys: str = ""
    colorspace: str = "auto"
    layer: str = ""
    view: str = ""
    movie_frames: str = "count"
    trimap_channel: str = ""
    alpha_channel: str = ""


def read_examples(files: Files, network: MattingNetwork) -> list[Example]:
    """Read the finished frames, their neighbours' plates and trimaps, and what the keys around them know.

    Args:
        files: Where they are.
        network: That is to learn. Where a neighbour that it looks at has no plate or trimap, the nearest frame stands
            in.

    Raises:
        InputError: A file is missing or damaged, a key has no plate or trimap, or a size is not that of the others.
        UsageError: A pattern, range or colour space is not valid.
    """
    ways = Settings(
        colorspace=files.colorspace, layer=files.layer, view=files.view, movie_frames=files.movie_frames
    ).of_plate
    plate = PlateReader(files.plate, keep_linear=False, **ways)
    trimap = TrimapReader(files.trimap, channel=files.trimap_channel)
    alpha = find_sequence(files.alpha, "alpha")
    finished = _finished(files, alpha, plate)
    keyed = trimap.frames if trimap.single is None else plate.frames[:1]
    problems = missing(finished, alpha.frames or finished, "alpha", files.alpha, "give a --range of frames there are")
    problems += missing(finished, plate.frames, "plate", files.plate, "finetune on frames of this plate")
    problems += missing(finished, keyed, "trimap", files.trimap, "add them, or make them with `dvm trimap`")
    usable = sorted(set(plate.frames) & set(keyed))
    painted = parse_range(files.keys) if files.keys else ()
    remedy = "leave them out of --keys, or add what they lack"
    problems += missing(painted, usable, "plate or trimap", f"{files.plate} or {files.trimap}", remedy)
    keys = ShotKeys(painted if network.keyed else ())
    around = {frame: _around(frame, usable, network.window) for frame in finished if frame in usable}
    needed = sorted({near for frames in around.values() for near in frames})
    size, found = survey(plate, trimap, sorted(keys.needs(needed) & set(usable)))
    refuse(problems + found)
    plates = {frame: plate.read(frame).display for frame in needed}
    trimaps = {frame: trimap.read(frame) for frame in needed}
    divisor = divisor_for(size, network.side)
    known = cache(lambda key: _known(plate.read(key).display, trimap.read(key), divisor))
    told = {frame: keys.tell(frame, known) for frame in needed}
    return [
        Example(
            frame,
            tuple(plates[near] for near in frames),
            tuple(trimaps[near] for near in frames),
            tuple(told[near] for near in frames),
            read_alpha(alpha.path(frame), frame, size, files.alpha_channel),
        )
        for frame, frames in around.items()
    ]


def _known(plate: Array, trimap: NDArray[np.uint8], divisor: int) -> KnownColours:
    """What a key knows, of the pixels that the network sees."""
    return KnownColours.of(reduced(plate, divisor), reduced_trimap(trimap, divisor))


def _finished(files: Files, alpha: FrameSequence, plate: PlateReader) -> tuple[int, ...]:
    """The frames to learn from; a picture without a number is that of a still."""
    if files.range:
        return parse_range(files.range)
    if alpha.frames:
        return alpha.frames
    if alpha.movie is None and len(plate.frames) == 1:
        return plate.frames
    raise UsageError(f"The alphas '{files.alpha}' have no frame numbers; name them like alpha.####.exr.")


def _around(frame: int, usable: Sequence[int], window: Window) -> list[int]:
    return [usable[at] for at in neighbours(usable.index(frame), window, len(usable))]
