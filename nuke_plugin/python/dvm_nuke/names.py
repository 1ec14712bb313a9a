"""Where a node's files go: a template with tokens, made a pattern of full paths.

* `{folder}`: folder of the script.  `{script}`: its name, without folder and `.nk`.
* `{node}`: name of the node.        `{id}`: eight digits that no other node in the script has.
* `%V`, `%v`: Nuke's own, a stereo view's name and its first letter; the rest is a frame pattern as ever.
"""

import os
import re
from pathlib import Path
from typing import List, Mapping

from .bridge.errors import UsageError
from .bridge.frames import normalise_pattern

TOKENS = ("folder", "script", "node", "id")

_TOKEN = re.compile(r"\{([^{}]*)\}")


def expand(template: str, values: Mapping[str, str]) -> str:
    """The pattern that a template stands for.

    Args:
        template: As typed into the node's `output`.
        values: Text for each of `TOKENS`; "" where there is none, such as the folder of an unsaved script.

    Returns:
        A full path with slashes, a frame token and `.exr`.

    Raises:
        UsageError: A token is not known or has no value, or the result is no such path.
    """

    def value(match: "re.Match[str]") -> str:
        token = match.group(1)
        if token not in TOKENS:
            raise UsageError(f"The output has a token {{{token}}}; the tokens are {', '.join(TOKENS)}.")
        if not values[token]:
            raise UsageError(f"The output needs the script's {token}; save the script, or type a full path.")
        return values[token]

    path = _TOKEN.sub(value, template.strip()).replace("\\", "/")
    if not Path(path).is_absolute():
        raise UsageError(f"The output must be a full path; found '{path}'.")
    if not normalise_pattern(path).is_sequence or not path.lower().endswith(".exr"):
        raise UsageError(f"The output must be frames such as name.%04d.exr; found '{path}'.")
    return path


def spread_over_views(pattern: str, views: List[str]) -> str:
    """The pattern with a place for the view's name, if there are several views and it has none: a folder for each."""
    if len(views) < 2 or has_view(pattern):
        return pattern
    folder, _, name = pattern.rpartition("/")
    return f"{folder}/%V/{name}"


def has_view(pattern: str) -> bool:
    """Whether a pattern has a place for the view."""
    return "%V" in pattern or "%v" in pattern


def of_view(pattern: str, view: str) -> str:
    """The pattern of one view."""
    return pattern.replace("%V", view).replace("%v", view[:1])


def beside(pattern: str, folder: str) -> str:
    """The same file names in a folder of their own, beside the pattern's files."""
    parent, _, name = pattern.rpartition("/")
    return f"{parent}/{folder}/{name}"


def frames_there(pattern: str) -> List[int]:
    """Frame numbers of the files that a pattern has on disk, sorted; none if there is no such folder."""
    parsed = normalise_pattern(pattern)
    folder = pattern.rpartition("/")[0]
    try:
        files = os.listdir(folder)  # noqa: PTH208  (thousands of names need no objects)
    except OSError:
        return []
    frames = (parsed.frame(f"{folder}/{name}") for name in files)
    return sorted(frame for frame in frames if frame is not None)
