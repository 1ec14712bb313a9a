"""Alphas that the artist put right by hand: their files, and which frames the engine takes from which."""

import bpy

from .bridge.errors import InputError
from .bridge.frames import nearest, normalise_pattern
from .frames import frames_on_disk, typed_pattern


def corrected_files(settings):
    """Pattern of the corrected alphas; "" where there are none.

    Raises:
        InputError: None of them is on disk, or they have no frame numbers.
    """
    if not settings.corrected:
        return ""
    files = typed_pattern(bpy.path.abspath(settings.corrected))
    if not frames_on_disk(normalise_pattern(files)):
        raise InputError(
            f"No corrected alpha '{files}' is there; name one that is, numbered like the alphas' own files.",
            path=files,
        )
    return files


def with_corrected(settings, wanted, shot, shift):
    """Frames of the scene to matte, and the corrected ones that they take from; in order.

    Args:
        settings: The node's.
        wanted: Frames of the scene to matte.
        shot: Every frame of the scene that the shot has.
        shift: A file's frame number minus the scene's.
    """
    numbers = frames_on_disk(normalise_pattern(corrected_files(settings)))
    corrected = [number - shift for number in numbers if number - shift in shot]
    return sorted({*wanted, *(near for frame in wanted for near in nearest(corrected, frame))})
