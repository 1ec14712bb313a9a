"""A clip's frames, counted four ways: in the timeline, in its source, in its files, and in its Fusion composition.

An *index* is a frame's place in the source, from 0. Everything here follows from numbers that Resolve gives, so it runs
without Resolve.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Dict, Optional, Tuple

from .bridge.errors import InputError

if TYPE_CHECKING:
    from fusionscript.fusionscript import MarkInOutSet

    from .session import Session

_STILLS = frozenset(["exr", "dpx", "cin", "tif", "tiff", "png", "jpg", "jpeg"])
_MOVIES = frozenset(["mov", "mp4", "m4v", "mkv", "avi", "mxf", "webm"])
_SEQUENCE = re.compile(r"\[(\d+)-(\d+)\](\.[^.\\/]*)$")


@dataclass(frozen=True)
class Clip:
    """A clip in a timeline.

    Attributes:
        name: Its name.
        file: Path, pattern (`%04d`) or movie that the engine can be given.
        first: Number of the source's first frame in its files; a movie counts from 1.
        start: Timeline frame that it begins on.
        duration: Timeline frames that it lasts.
        left: Source frames before its first.
        right: Source frames after its last.
        readable: Whether the engine reads the source; camera raw it does not.
        retimed: Whether timeline and source run at different speed.
        size: Width and height in pixels; None where Resolve does not say.
    """

    name: str
    file: str
    first: int
    start: int
    duration: int
    left: int = 0
    right: int = 0
    readable: bool = True
    retimed: bool = False
    size: Optional[Tuple[int, int]] = None

    @property
    def needs_render(self) -> bool:
        """Whether Resolve has to render it before the engine can read it."""
        return self.retimed or not self.readable

    def number(self, frame: int) -> int:
        """The number that a timeline frame's files have: plate, trimap and alpha."""
        # Retimed frames have no source frame of their own: they count from 1 in the cut.
        return frame - self.start + (1 if self.retimed else self.first + self.left)

    def cut(self, marks: "MarkInOutSet", timeline_start: int) -> Tuple[int, int]:
        """First and last timeline frame to matte: the clip, or the part of it between in and out.

        Args:
            marks: As the timeline gives them; they count from its start.
            timeline_start: Number of the timeline's first frame.

        Raises:
            InputError: In and out mark none of the clip.
        """
        video = marks.get("video", {})
        first = max(self.start, timeline_start + video.get("in", 0) if "in" in video else self.start)
        end = self.start + self.duration - 1
        last = min(end, timeline_start + video["out"] if "out" in video else end)
        if last < first:
            raise InputError(
                f"In and out mark no frame of {self.name!r}: mark a part of the clip under the playhead, or clear them."
            )
        return first, last

    def with_handles(self, cut: Tuple[int, int], handles: int) -> Tuple[int, int]:
        """The cut and so many frames more on each side, as far as the source goes; none for a retimed clip."""
        if self.retimed:
            return cut
        left = min(handles, cut[0] - self.start + self.left)
        right = min(handles, self.start + self.duration - 1 - cut[1] + self.right)
        return cut[0] - left, cut[1] + right

    def composition_frame(self, frame: int, render_start: int) -> int:
        """A timeline frame's number in the clip's Fusion composition, whose rendered range begins at `render_start`."""
        return render_start + frame - self.start


def read(session: "Session") -> Clip:
    """The clip under the playhead.

    Raises:
        InputError: Its media has no file.
    """
    item, media = session.item, session.media
    path = str(media.GetClipProperty("File Path") or "")
    if not path:
        raise InputError(f"The media of {item.GetName()!r} has no file: it may be offline, or a compound clip.")
    duration = int(item.GetDuration(False))
    file, first = source_files(path)
    return Clip(
        name=item.GetName(),
        file=file,
        first=first,
        start=int(item.GetStart(False)),
        duration=duration,
        left=int(item.GetLeftOffset(False)),
        right=int(item.GetRightOffset(False)),
        readable=is_readable(path, str(media.GetClipProperty("Video Codec") or "")),
        retimed=_is_retimed(session, duration),
        size=_size(str(media.GetClipProperty("Resolution") or "")),
    )


def source_files(path: str) -> Tuple[str, int]:
    """The engine's name for a media pool path, and the number of its first frame.

    Resolve writes a sequence as `plate.[1001-1100].exr`.
    """
    match = _SEQUENCE.search(path)
    if match:
        return f"{path[: match.start()]}%0{len(match.group(1))}d{match.group(3)}", int(match.group(1))
    return path, 1


def is_readable(path: str, codec: str) -> bool:
    """Whether the engine reads such a file; camera raw it does not, whatever it is wrapped in."""
    suffix = path.rpartition(".")[2].lower()
    return suffix in _STILLS or (suffix in _MOVIES and "raw" not in codec.lower())


def _is_retimed(session: "Session", duration: int) -> bool:
    # Resolve does not tell a clip's speed. Its source frames do, to one: versions differ on whether the last counts.
    source = session.item.GetSourceEndFrame() - session.item.GetSourceStartFrame()
    rates = _rate(session.timeline.GetSetting("timelineFrameRate")), _rate(session.media.GetClipProperty("FPS"))
    differ = None not in rates and abs(rates[0] - rates[1]) > 0.01  # type: ignore[operator]  # None is ruled out
    return differ or abs(source - duration) > 1


def _rate(text: object) -> Optional[float]:
    try:
        return float(str(text).split()[0])
    except (ValueError, IndexError):
        return None


def _size(text: str) -> Optional[Tuple[int, int]]:
    match = re.fullmatch(r"(\d+)\s*x\s*(\d+)", text)
    return (int(match.group(1)), int(match.group(2))) if match else None


def render_start(attributes: Dict[str, object]) -> int:
    """Where a composition's rendered range begins: 0 in most versions, 1001 in some."""
    return int(float(str(attributes.get("COMPN_RenderStart") or 0)))
