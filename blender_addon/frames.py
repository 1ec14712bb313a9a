"""File names with frame numbers, as Blender has them, and which of them are on disk."""

import os
import re

from .bridge.frames import FramePattern, normalise_pattern, sequence_of

_LAST_NUMBER = re.compile(r"[0-9]+(?=[^0-9]*$)")


def pattern_of(path):
    """The sequence that a file belongs to: the last number of its name is the frame, as everywhere in Blender.

    Returns:
        A pattern and the file's own frame number; None if its name has no number.
    """
    folder, name = os.path.split(path)
    stem, ending = os.path.splitext(name)
    number = _LAST_NUMBER.search(stem)
    if number is None:
        return None
    head = os.path.join(folder, stem[: number.start()])
    return FramePattern(head, len(number.group()), stem[number.end() :] + ending), int(number.group())


def typed_pattern(path):
    """What a path that a user typed or picked stands for: a pattern, a sequence by one of its files, or a still."""
    return str(normalise_pattern(sequence_of(path)))


def frames_on_disk(pattern):
    """Frame numbers of a sequence that are there, in order."""
    folder = os.path.dirname(pattern.head)
    try:
        names = os.listdir(folder)
    except OSError:
        return ()
    found = (pattern.frame(os.path.join(folder, name)) for name in names)
    return tuple(sorted(frame for frame in found if frame is not None))
