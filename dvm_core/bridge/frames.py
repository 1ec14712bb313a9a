"""Frame ranges (`1-10,20-30x2`) and file patterns (`plate.####.exr`), as every host, shell and farm writes them.

The grammar of a range:

    range = part *("," part)
    part  = first | first "-" last | first "-" last "x" step

A pattern names one file for each frame by a token in its **file name** (a folder's name is always literal):

    plate.####.exr   one digit for each `#`, but a lone `#` is four
    plate.@@@@.exr   one digit for each `@`
    plate.%04d.exr   printf; `%d` is unpadded
    plate.$F4.exr    Houdini; `$F` is unpadded
    plate.1001-1100#.exr   any of them with the frames that it stands for written in front
"""

import re
from typing import Iterable, List, NamedTuple, Optional, Tuple

from .errors import UsageError

MAX_FRAMES = 1_000_000
"""More frames than this in one range (eleven hours at 24 a second) is a typing error, not a shot."""

_PART = re.compile(r"(-?[0-9]{1,9})(?:-(-?[0-9]{1,9})(?:x([0-9]{1,9}))?)?")
_TOKEN = re.compile(r"#+|@+|%(?:0([0-9]{1,2}))?d|\$F([0-9]{0,2})")
# A number that stands apart, or one too long for a take or a shot, if it is no version: plate1001.exr, not v0002.exr.
_NUMBERED = re.compile(r"((?:^|(?<=[._ \-/\\]))[0-9]+|(?<![0-9vV])[0-9]{4,})(\.[^.\\/]*)$")
# A range is only read in front of a token where it stands apart and can be nothing else: `v2####` is a version.
_RANGE_BEFORE_TOKEN = re.compile(r"(?:^|(?<=[._ ]))-?[0-9]+-[-0-9x,]*[0-9]$")


def parse_range(text: str) -> Tuple[int, ...]:
    """Frame numbers of a range, in order, each once.

    Args:
        text: For instance `1001-1100`, `7` or `1-10,20-30x2`; blanks around commas are ignored.

    Raises:
        UsageError: The text is not a range, runs backwards, or names more than `MAX_FRAMES` frames.
    """
    parts = [_parse_part(part.strip(), text) for part in text.split(",")]
    if sum(len(part) for part in parts) > MAX_FRAMES:
        raise UsageError(
            f"The frame range '{text[:60]}' has more than {MAX_FRAMES:,} frames; name the frames of one shot."
        )
    return tuple(sorted({frame for part in parts for frame in part}))


def _parse_part(part: str, text: str) -> range:
    match = _PART.fullmatch(part)
    if match is None:
        raise UsageError(f"'{text[:60]}' is not a frame range; write it like 1001-1100 or 1-10,20-30x2.")
    first = int(match.group(1))
    last = first if match.group(2) is None else int(match.group(2))
    step = 1 if match.group(3) is None else int(match.group(3))
    if last < first:
        raise UsageError(f"The frame range '{part}' runs backwards; write {last}-{first}.")
    if step == 0:
        raise UsageError(f"The frame range '{part}' has a step of 0; the step is 1 or more.")
    return range(first, last + 1, step)


def format_range(frames: Iterable[int]) -> str:
    """The shortest plain writing of some frames: `format_range([1, 2, 3, 10, 12, 14])` is `1-3,10-14x2`.

    `parse_range` gives the same frames back.
    """
    return ",".join(_format_run(run) for run in _runs(sorted(set(frames))))


def _runs(frames: List[int]) -> Iterable[List[int]]:
    """Cut sorted frames into runs of equal steps; a pair stays a pair only if its frames touch."""
    start = 0
    while start < len(frames):
        stop = start + 1
        while stop + 1 < len(frames) and frames[stop + 1] - frames[stop] == frames[start + 1] - frames[start]:
            stop += 1
        if stop >= len(frames) or (stop == start + 1 and frames[stop] - frames[start] > 1):
            stop = start
        yield frames[start : stop + 1]
        start = stop + 1


def _format_run(run: List[int]) -> str:
    if len(run) == 1:
        return str(run[0])
    step = run[1] - run[0]
    return "{}-{}{}".format(run[0], run[-1], "" if step == 1 else f"x{step}")


def nearest(numbers: Iterable[int], frame: int) -> List[int]:
    """The frames that one takes from: itself where it is among them, or the nearest before and after."""
    known = sorted(numbers)
    if frame in known:
        return [frame]
    before = [number for number in known if number < frame]
    return [*before[-1:], *known[len(before) : len(before) + 1]]


class FramePattern(NamedTuple):
    """One form for every way to write a sequence's name.

    Attributes:
        head: Everything before the frame number, the folder included.
        digits: Digits at least, zeros in front; 0 if the name has no frame number (a single file, a movie, a folder).
        tail: Everything after the frame number.
        range: The frames that the pattern itself names, as `parse_range` reads them, or "".
    """

    head: str
    digits: int
    tail: str
    range: str = ""

    @property
    def is_sequence(self) -> bool:
        """Whether the name has a place for a frame number."""
        return self.digits > 0

    def path(self, frame: int) -> str:
        """The file of one frame; for a name without a frame number, the name itself."""
        return "{}{:0{}d}{}".format(self.head, frame, self.digits, self.tail) if self.is_sequence else self.head

    def frame(self, path: str) -> Optional[int]:
        """The frame number that a path has by this pattern, or None if it is not one of its files."""
        if not self.is_sequence or not path.startswith(self.head) or not path.endswith(self.tail):
            return None
        number = path[len(self.head) : len(path) - len(self.tail)]
        # Rendering back refuses `0012` and `+12` where the pattern would write `00012` or `12`.
        if re.fullmatch(r"-?0*[0-9]{1,9}", number) is None or self.path(int(number)) != path:
            return None
        return int(number)

    def __str__(self) -> str:
        return f"{self.head}%0{self.digits}d{self.tail}" if self.is_sequence else self.head


def normalise_pattern(text: str) -> FramePattern:
    """Read any of our pattern writings.

    The last token of the file name counts, for that is where a frame number stands.

    Args:
        text: Pattern, single file, movie or folder; as typed.

    Raises:
        UsageError: The pattern names frames in front of its token that are not a range.
    """
    name_start = max(text.rfind("/"), text.rfind("\\")) + 1
    tokens = list(_TOKEN.finditer(text, name_start))
    if not tokens:
        return FramePattern(text, 0, "")
    token = tokens[-1]
    head = text[: token.start()]
    named = _RANGE_BEFORE_TOKEN.search(head[name_start:])
    if named is None:
        return FramePattern(head, _digits(token), text[token.end() :])
    parse_range(named.group())
    return FramePattern(head[: len(head) - len(named.group())], _digits(token), text[token.end() :], named.group())


def sequence_of(path: str) -> str:
    """The pattern that a numbered file is one of: a file dialog gives one frame, and all are meant.

    A name that is a pattern already stays, and one that does not end in a frame's number: one that stands apart, or has
    four digits or more (`plate1001.exr`), and is no version (`plate_v2.exr`, `plate_v0002.exr`).
    """
    match = _NUMBERED.search(path)
    if match is None or normalise_pattern(path).is_sequence:
        return path
    return f"{path[: match.start(1)]}%0{len(match.group(1))}d{match.group(2)}"


def _digits(token: "re.Match[str]") -> int:
    if token.group().startswith(("%", "$")):
        return max(1, int(token.group(1) or token.group(2) or "1"))
    return 4 if token.group() == "#" else len(token.group())
