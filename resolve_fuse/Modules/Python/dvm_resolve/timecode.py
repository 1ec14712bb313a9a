"""Timecode to frame numbers, as timelines count them."""

import re

from .bridge.errors import InputError


def frame_of(timecode: str, rate: float) -> int:
    """The frame number of a timecode.

    Args:
        timecode: `HH:MM:SS:FF`; a semicolon before the frames says drop-frame.
        rate: Frames a second, such as 23.976 or 59.94; timecode counts 24 or 60 of them.

    Raises:
        InputError: The text is no timecode.
    """
    match = re.fullmatch(r"(\d\d):(\d\d):(\d\d)([:;.])(\d\d\d?)", timecode)
    if match is None:
        raise InputError(f"The playhead's timecode {timecode!r} cannot be read; it should look like 01:00:00:00.")
    counted = round(rate)
    hours, minutes, seconds, frames = (int(match.group(group)) for group in (1, 2, 3, 5))
    minutes += 60 * hours
    number = (60 * minutes + seconds) * counted + frames
    if match.group(4) == ";":
        # Two numbers in 30 are left out at the start of each minute, except each tenth.
        number -= counted // 30 * 2 * (minutes - minutes // 10)
    return number
