"""A job's files: which frames the shot has, which are written, and whether plates and trimaps fit, before any work."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from dvm_core.bridge.errors import InputError
from dvm_core.bridge.frames import format_range
from dvm_core.bridge.job import MatteJob
from dvm_core.io.plate import PlateReader
from dvm_core.io.trimap_file import UNKNOWN, TrimapReader
from dvm_core.model.network import Window
from dvm_core.pipeline.windows import spans

_HEADER_THREADS = 8  # headers wait for the disk or the network, not for the processor
_NAMED = 8  # frames that a message names before it only counts


@dataclass(frozen=True)
class Shot:
    """What a job reads and writes.

    Attributes:
        plate: Reader of the plates.
        trimap: Reader of the trimaps.
        frames: Every frame that can be a neighbour, sorted.
        wanted: Those that are written, sorted.
        size: Height and width of every frame, in pixels.
        warnings: What the user should know.
    """

    plate: PlateReader
    trimap: TrimapReader
    frames: tuple[int, ...]
    wanted: tuple[int, ...]
    size: tuple[int, int]
    warnings: tuple[str, ...]


def open_shot(job: MatteJob, window: Window) -> Shot:
    """Find a job's frames and check them.

    Args:
        job: The job, paths resolved.
        window: Neighbours that the model wants.

    Raises:
        InputError: If frames are missing, a header is damaged, sizes differ, or nothing is unknown.
    """
    settings = job.settings
    plate = PlateReader(
        job.plate,
        colorspace=settings.colorspace,
        layer=settings.layer,
        view=settings.view,
        keep_linear=bool(settings.fg) or settings.channels == "rgba",
    )
    trimap = TrimapReader(job.trimap, channel=settings.trimap_channel)
    shot = job.shot_frames or plate.frames
    wanted = job.frames or shot
    _require(wanted, plate.frames, "plate", job.plate, "give a --range of frames that are there")
    keyed = _keyed(trimap, wanted)
    _require(wanted, keyed, "trimap", job.trimap, "add them, or use --propagate to treat what is there as keyframes")
    usable = set(plate.frames) & set(keyed)
    frames = tuple(frame for frame in shot if frame in usable)
    lost = _lost_neighbours(shot, frames, wanted, window)
    warnings: tuple[str, ...] = ()
    if lost:
        warnings = (
            f"Frames {_listed(lost)} are neighbours without a plate or trimap; the nearest frame stands in for them.",
        )
    needed = sorted({frame for span in spans(frames, wanted, window) for frame in span.frames})
    return Shot(plate, trimap, frames, wanted, _size(plate, trimap, needed), warnings)


def require_unknown(shot: Shot) -> None:
    """Refuse a range in which no trimap has an unknown pixel; as a rule the first frame has some.

    Raises:
        InputError: If there is none.
    """
    for frame in shot.wanted:
        if (shot.trimap.read(frame) == UNKNOWN).any():
            return
    raise InputError(
        f"No trimap of frames {format_range(shot.wanted)} has an unknown pixel (between 0.05 and 0.95), so there is "
        "nothing to matte; paint the edges grey, or make trimaps with `dvm trimap make --dilate`."
    )


def _keyed(trimap: TrimapReader, wanted: tuple[int, ...]) -> tuple[int, ...]:
    """Frames that have a trimap; a file without a frame number serves a still."""
    if trimap.single is None:
        return trimap.frames
    return wanted if len(wanted) == 1 else wanted[:1]


def _require(wanted: Iterable[int], there: Iterable[int], role: str, pattern: str, remedy: str) -> None:
    missing = sorted(set(wanted) - set(there))
    if missing:
        plural = "s" if len(missing) > 1 else ""
        raise InputError(
            f"The {role} {pattern} has no file for frame{plural} {_listed(missing)}; {remedy}.", frame=missing[0]
        )


def _lost_neighbours(
    shot: tuple[int, ...], frames: tuple[int, ...], wanted: tuple[int, ...], window: Window
) -> list[int]:
    """Neighbours of the wanted frames that the shot should have but cannot use."""
    needed = {frame for span in spans(shot, wanted, window) for frame in span.frames}
    return sorted(needed - set(frames))


def _size(plate: PlateReader, trimap: TrimapReader, frames: list[int]) -> tuple[int, int]:
    """Height and width that every frame has, of plates and trimaps alike."""

    def sizes(frame: int) -> tuple[tuple[int, int], tuple[int, int]]:
        found, mask = plate.header(frame), trimap.header(frame)
        return (found.height, found.width), (mask.height, mask.width)

    with ThreadPoolExecutor(_HEADER_THREADS) as pool:
        found = list(pool.map(sizes, frames))
    size = found[0][0]
    for frame, (plate_size, trimap_size) in zip(frames, found, strict=True):
        if plate_size != size:
            raise InputError(
                f"Every plate of a shot must have one display window; frame {frames[0]} has {_text(size)} but frame "
                f"{frame} has {_text(plate_size)}; matte the parts as shots of their own.",
                frame=frame,
                path=plate.sequence.path(frame),
            )
        if trimap_size != size:
            raise InputError(
                f"The trimap of frame {frame} has a display window of {_text(trimap_size)}, but its plate has "
                f"{_text(size)}; render the trimap at the plate's format.",
                frame=frame,
                path=trimap.path(frame),
            )
    return size


def _text(size: tuple[int, int]) -> str:
    return f"{size[1]}x{size[0]}"


def _listed(frames: list[int]) -> str:
    """Frames for a message."""
    if len(frames) <= _NAMED:
        return ", ".join(str(frame) for frame in frames)
    return f"{format_range(frames[:_NAMED])} and {len(frames) - _NAMED} more"
