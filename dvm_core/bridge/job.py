"""The job: the one document that crosses the border between a host and the engine, schema `dvm-job/1`.

    {"schema": "dvm-job/1",
     "plate": "plates/sh010.####.exr", "trimap": "keys/sh010.####.png", "output": "mattes/sh010.####.exr",
     "range": "1001-1100", "shot_range": "1001-1100", "trimap_mode": "every-frame", "model": "lite",
     "keys": "", "corrected": "fixed/sh010.####.exr", "settings": {...}}

A document may come from anywhere, so all of it is checked before anything is done, and nothing in it is ever evaluated.
"""

import json
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Dict, Optional, Tuple

from . import checks
from .errors import UsageError
from .frames import format_range, normalise_pattern, parse_range
from .settings import Settings

SCHEMA = "dvm-job/1"
TRIMAP_MODES = ("every-frame", "keyframes")

JOB_FILE = "job.json"
"""Name of the document inside a job directory."""

_REQUIRED = ("plate", "trimap", "output")
_OPTIONAL = ("range", "shot_range", "trimap_mode", "model", "keys", "corrected", "settings")
_MAX_BYTES = 1 << 20


@dataclass(frozen=True)
class MatteJob:
    """Plates and trimaps in, alphas out; each field is checked when made.

    Attributes:
        plate: Pattern, file, folder or movie of the plate.
        trimap: Pattern or file of the trimaps.
        output: Pattern of the alphas; EXR.
        range: Frames to write; "" for every frame of the shot.
        shot_range: Frames that the shot has, for neighbours; "" for every plate frame on disk.
        trimap_mode: `every-frame`, or `keyframes` to propagate between those there are.
        model: Name, or file of weights.
        keys: Frames whose trimaps were painted, where those of all others were propagated from them; "" where every
            trimap stands for itself. With `keyframes`, the trimaps that there are are the keys.
        corrected: Pattern of alphas that were put right by hand: kept as they are, and what was put right in them is
            carried to the frames around them; "" for none.
        settings: How it is made and written.

    Raises:
        UsageError: A value does not fit its field, or two fields contradict each other.
    """

    plate: str
    trimap: str
    output: str
    range: str = ""
    shot_range: str = ""
    trimap_mode: str = "every-frame"
    model: str = "lite"
    keys: str = ""
    corrected: str = ""
    settings: Settings = field(default_factory=Settings)

    def __post_init__(self) -> None:
        checks.name("plate", self.plate)
        checks.name("trimap", self.trimap)
        checks.exr("output", self.output)
        checks.frame_range("range", self.range)
        checks.frame_range("shot_range", self.shot_range)
        checks.choice(TRIMAP_MODES)("trimap_mode", self.trimap_mode)
        checks.name("model", self.model)
        checks.frame_range("keys", self.keys)
        checks.text("corrected", self.corrected)
        if not isinstance(self.settings, Settings):
            raise checks.refuse("settings", "Settings", self.settings)
        if self.keys and self.trimap_mode == "keyframes":
            raise UsageError("With keyframes all trimaps are keys; leave 'keys' out.")
        self._check_files_apart()
        self._check_range_in_shot()

    def _check_files_apart(self) -> None:
        """No two of the files that are read and written may be the same."""
        written = {"output": self.output, "fg": self.settings.fg}
        taken = {_identity(self.plate): "plate", _identity(self.trimap): "trimap"}
        if self.corrected:
            taken.setdefault(_identity(self.corrected), "corrected")
        for name, path in written.items():
            if path and taken.setdefault(_identity(path), name) != name:
                other = taken[_identity(path)]
                raise UsageError(f"'{other}' and '{name}' are both {path}; write to files of their own.")

    def _check_range_in_shot(self) -> None:
        if self.range and self.shot_range:
            outside = set(parse_range(self.range)) - set(parse_range(self.shot_range))
            if outside:
                raise UsageError(
                    f"'range' has frames that 'shot_range' ({self.shot_range}) has not: {format_range(outside)[:60]}."
                )

    @property
    def frames(self) -> Optional[Tuple[int, ...]]:
        """Frames to write, in order; None for every frame of the shot."""
        return parse_range(self.range) if self.range else None

    @property
    def shot_frames(self) -> Optional[Tuple[int, ...]]:
        """Frames that the shot has, in order; None for every plate frame on disk."""
        return parse_range(self.shot_range) if self.shot_range else None

    @property
    def key_frames(self) -> Tuple[int, ...]:
        """Frames that `keys` names, in order."""
        return parse_range(self.keys) if self.keys else ()

    @classmethod
    def from_dict(cls, document: Any, base: str) -> "MatteJob":
        """Read a job document.

        Args:
            document: What JSON gave.
            base: Folder that relative paths count from; what is not below it must be named by its full path. "" for a
                document that stands in no folder: all its paths must be full.

        Raises:
            UsageError: The schema is not `dvm-job/1`, a field is missing, unknown or does not fit, or a relative path
                climbs out of `base` or has none.
        """
        checks.unknown_keys(document, ("schema", *_REQUIRED, *_OPTIONAL), "job")
        if document.get("schema") != SCHEMA:
            raise checks.refuse("schema", f"'{SCHEMA}'", document.get("schema"))
        for name in _REQUIRED:
            if name not in document:
                raise UsageError(f"The job has no '{name}'; it needs plate, trimap and output.")
        values = {key: value for key, value in document.items() if key != "schema"}
        settings = Settings.from_dict(values.pop("settings", {}))
        job = cls(settings=settings, **values)
        for name, path in job._files().items():
            _refuse_climbing(name, path, base)
        return job.resolved(base)

    def resolved(self, base: str) -> "MatteJob":
        """The same job with full paths; relative ones count from `base`."""
        paths = {name: _absolute(path, base) for name, path in self._files().items()}
        settings = replace(self.settings, fg=paths.pop("fg", ""))
        return replace(self, settings=settings, **paths)

    def _files(self) -> Dict[str, str]:
        """The fields that name files."""
        files = {"plate": self.plate, "trimap": self.trimap, "output": self.output}
        if is_model_file(self.model):
            files["model"] = self.model
        if self.corrected:
            files["corrected"] = self.corrected
        if self.settings.fg:
            files["fg"] = self.settings.fg
        return files

    def to_dict(self) -> Dict[str, Any]:
        """The document; `from_dict` reads it back to an equal job."""
        return {
            "schema": SCHEMA,
            "plate": self.plate,
            "trimap": self.trimap,
            "output": self.output,
            "range": self.range,
            "shot_range": self.shot_range,
            "trimap_mode": self.trimap_mode,
            "model": self.model,
            "keys": self.keys,
            "corrected": self.corrected,
            "settings": self.settings.to_dict(),
        }

    @classmethod
    def load(cls, path: str) -> "MatteJob":
        """Read a job file, or the `job.json` of a job directory; relative paths count from the file.

        Raises:
            UsageError: There is no such file, it is not JSON, or its job is not valid.
        """
        given = Path(path)
        file = given / JOB_FILE if given.is_dir() else given
        return cls.from_dict(_read_json(file), str(file.absolute().parent))


def is_model_file(model: str) -> bool:
    """Whether a model is named by its file rather than by its name in the registry."""
    return model.endswith(".safetensors") or "/" in model or "\\" in model


def _identity(path: str) -> str:
    """What two writings of one file have in common."""
    return str(normalise_pattern(_absolute(path, "."))._replace(range=""))


def _absolute(path: str, base: str) -> str:
    """The full path, by its text alone: symbolic links stay as the artist wrote them."""
    return os.path.normpath(str(Path(base).absolute() / path))


def _refuse_climbing(name: str, path: str, base: str) -> None:
    if Path(path).is_absolute():
        return
    if not base:
        raise UsageError(f"'{name}' is {path!r}; a job that comes in no file must name it by its full path.")
    root = _absolute(base, ".")
    if Path(os.path.relpath(_absolute(path, root), root)).parts[:1] == (os.pardir,):
        raise UsageError(
            f"'{name}' is {path!r}, which climbs out of the job's folder {root}; give the full path instead."
        )


def _read_json(file: Path) -> Any:
    try:
        with file.open("rb") as stream:
            content = stream.read(_MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"The job {file} cannot be read: {error.strerror}.", path=file) from None
    if len(content) > _MAX_BYTES:
        raise UsageError(f"The job {file} is larger than 1 MiB; a job is a short document.", path=file)
    try:
        return json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError):
        raise UsageError(f"The job {file} is not a JSON document.", path=file) from None
