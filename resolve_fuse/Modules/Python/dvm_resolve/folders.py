"""Where a clip's trimaps, plates and mattes are kept, and what the artist chose last."""

import json
import re
from pathlib import Path
from typing import Dict, List

from .bridge.engine import home
from .bridge.errors import OutputError
from .bridge.frames import FramePattern, normalise_pattern

ROOT = "~/DVM"
"""Where all clips' folders are, unless the artist chose another place."""

ALPHAS = "alpha.%04d.exr"
KEYS = "key.%04d.png"
FUSION_TRIMAPS = "trimap.%04d.exr"
PLATES = "plate.%04d.exr"


class WorkFolder:
    """One clip's folder.

    Args:
        root: Folder of all clips.
        project: Name of the project.
        clip: Name of the clip.
    """

    def __init__(self, root: str, project: str, clip: str) -> None:
        self.path = Path(root).expanduser() / _file_name(project) / _file_name(clip)

    def pattern(self, name: str) -> str:
        """The full pattern of one of its sequences, each in a folder of its own."""
        return str(self.path / name.partition(".")[0] / name)

    def make(self, name: str) -> Path:
        """Make a sequence's folder.

        Raises:
            OutputError: It cannot be made.
        """
        folder = Path(self.pattern(name)).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{folder} cannot be made: {error.strerror or error}.", path=folder) from None
        return folder

    def has(self, name: str) -> bool:
        """Whether there is any frame of a sequence."""
        return bool(frames_of(normalise_pattern(self.pattern(name))))


def frames_of(pattern: FramePattern) -> List[int]:
    """Numbers of a sequence's frames that are there, in order."""
    folder = Path(pattern.head).parent
    numbers = (pattern.frame(str(path)) for path in folder.glob("*")) if folder.is_dir() else ()
    return sorted(number for number in numbers if number is not None)


def renumber(folder: Path, pattern: str, first: int, count: int) -> None:
    """Name the files that Resolve or Fusion rendered into a folder as our own: in order, from a frame number on.

    Args:
        folder: Holds the rendered frames and nothing else.
        pattern: Where they go.
        first: Number of the first.
        count: How many there must be.

    Raises:
        OutputError: There are more or fewer, or they cannot be moved.
    """
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".exr")
    if len(files) != count:
        raise OutputError(
            f"Resolve rendered {len(files)} frames into {folder} where {count} were asked for; see its Deliver page.",
            path=folder,
        )
    target = normalise_pattern(pattern)
    for index, file in enumerate(files):
        file.replace(target.path(first + index))
    folder.rmdir()


def remembered() -> Dict[str, object]:
    """What the artist answered last; {} if nothing."""
    try:
        answers = json.loads(_memory().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return answers if isinstance(answers, dict) else {}


def remember(answers: Dict[str, object]) -> None:
    """Keep answers for the next time; that they cannot be kept is no reason to stop."""
    try:
        _memory().parent.mkdir(parents=True, exist_ok=True)
        _memory().write_text(json.dumps(dict(remembered(), **answers), indent=2), encoding="utf-8")
    except OSError:
        pass


def _memory() -> Path:
    return home() / "resolve.json"


def _file_name(text: str) -> str:
    """A name as a folder can have it on every system."""
    return re.sub(r"[^\w. -]", "_", text).strip(" .") or "clip"
