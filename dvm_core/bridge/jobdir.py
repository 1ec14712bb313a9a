"""A job as a folder: the contract for whoever cannot hold a pipe open, such as a farm or the Fuse.

* `job.json`: the job, written by the host.
* `status.json`: {"state", "done", "total", "message", "code", "outputs", "warnings"}; always whole, replaced after each
  event.
* `events.jsonl`: every event of the last run, one a line.
* `cancel`: whoever creates it stops the job within a frame.
"""

import json
import os
import stat
import tempfile
import time
from pathlib import Path
from typing import Any, Callable, Dict, Type, TypeVar, Union

from . import protocol
from .errors import InputError, OutputError
from .job import JOB_FILE, MatteJob

STATUS_FILE = "status.json"
EVENTS_FILE = "events.jsonl"
CANCEL_FILE = "cancel"

STATES = ("queued", "running", "done", "failed", "cancelled")

Result = TypeVar("Result")

_TRIES, _WAIT = 20, 0.05  # a second at most: who reads is quick, and so is who renames


class JobDirectory:
    """One job's folder, seen from either side.

    Args:
        path: The folder; it is there already (`create` makes one).
    """

    def __init__(self, path: Union[str, Path]) -> None:
        self.path = Path(path).absolute()
        self._status = _fresh_status()

    @classmethod
    def create(cls, path: Union[str, Path], job: MatteJob) -> "JobDirectory":
        """Make a folder that only its owner can enter, and put a job into it: queued.

        Args:
            path: Where; folders above it are made as needed, a folder that is there is taken over.
            job: The job, with full paths (`MatteJob.resolved`).

        Raises:
            OutputError: The folder cannot be made or written.
        """
        directory = cls(path)
        try:
            directory.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            directory._keep_private()
        except OSError as error:
            raise _unwritable(directory.path, error) from None
        _replace(directory.path / JOB_FILE, json.dumps(job.to_dict(), indent=2))
        directory._write_status()
        return directory

    def job(self) -> MatteJob:
        """The job in it.

        Raises:
            UsageError: There is none, or it is not valid.
        """
        return MatteJob.load(str(self.path))

    def status(self) -> Dict[str, Any]:
        """What `status.json` says now.

        Raises:
            InputError: There is none, or something else than this class wrote it.
        """
        file = self.path / STATUS_FILE
        try:
            status = json.loads(_patiently(lambda: file.read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            raise InputError(f"The job's status {file} cannot be read: {error}.", path=file) from None
        if not isinstance(status, dict) or status.get("state") not in STATES:
            raise InputError(f"{file} is not a job's status.", path=file)
        return status

    def cancel(self) -> None:
        """Ask whoever runs the job to stop.

        Raises:
            OutputError: The folder cannot be written.
        """
        _replace(self.path / CANCEL_FILE, "")

    def is_cancelled(self) -> bool:
        """Whether somebody asked to stop."""
        return (self.path / CANCEL_FILE).exists()

    def start(self) -> None:
        """Begin a run: running, no frame done, no event yet.

        Raises:
            OutputError: The folder cannot be written.
        """
        try:
            self._keep_private()
            (self.path / EVENTS_FILE).write_bytes(b"")
        except OSError as error:
            raise _unwritable(self.path, error) from None
        self._status = dict(_fresh_status(), state="running")
        self._write_status()

    def record(self, event: protocol.Event) -> None:
        """Append an event to `events.jsonl` and bring `status.json` up to it.

        Raises:
            OutputError: The folder cannot be written.
        """
        try:
            with (self.path / EVENTS_FILE).open("a", encoding="ascii") as stream:
                stream.write(protocol.encode(event) + "\n")
        except OSError as error:
            raise _unwritable(self.path, error) from None
        _apply(event, self._status)
        try:
            self._write_status()
        except _Held:
            # Somebody has it open all the time, on Windows. The next event brings it up to date; the last one must.
            if event["event"] in protocol.LAST:
                raise

    def _write_status(self) -> None:
        _replace(self.path / STATUS_FILE, json.dumps(self._status))

    def _keep_private(self) -> None:
        """Take other users' access away; a folder that Lua made has the mode that the umask left."""
        if os.name != "posix":
            return
        found = self.path.stat()
        if found.st_uid == os.getuid() and stat.S_IMODE(found.st_mode) & 0o077:
            self.path.chmod(0o700)


def _fresh_status() -> Dict[str, Any]:
    return {"state": "queued", "done": 0, "total": 0, "message": "", "code": 0, "outputs": [], "warnings": []}


def _apply(event: protocol.Event, status: Dict[str, Any]) -> None:
    """What an event changes in the status; `log` only changes its message."""
    kind = event["event"]
    status["message"] = event.get("message", status["message"])
    if kind == "plan":
        status.update(total=event["frames"])
    elif kind == "frame":
        status["outputs"].append(event["path"])
        status.update(done=event["index"], total=event["total"], message="frame {}".format(event["frame"]))
    elif kind == "warning":
        status["warnings"].append(event["message"])
    elif kind == "done":
        status.update(state="done", done=event["frames"], outputs=list(event["outputs"]), message="done")
    elif kind == "error":
        status.update(state="failed", code=event["code"])
    elif kind == "cancelled":
        status.update(state="cancelled", code=130, message="cancelled")


def _replace(file: Path, content: str) -> None:
    """Write a file whole under a temporary name beside it, then rename: a reader sees the old one or the new one."""
    try:
        handle, temporary = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=str(file.parent))
    except OSError as error:
        raise _unwritable(file, error) from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(content)
        _patiently(lambda: Path(temporary).replace(file))
    except OSError as error:
        Path(temporary).unlink()
        raise _unwritable(file, error, _Held if isinstance(error, PermissionError) else OutputError) from None


class _Held(OutputError):
    """A file that cannot be replaced because somebody has it open."""


def _patiently(action: Callable[[], Result]) -> Result:
    """Do something with a file; Windows refuses for the moment that somebody else reads or renames it."""
    for _ in range(_TRIES):
        try:
            return action()
        except PermissionError:
            time.sleep(_WAIT)
    return action()


def _unwritable(path: Path, error: OSError, kind: Type[OutputError] = OutputError) -> OutputError:
    return kind(f"{path} cannot be written: {error.strerror or error}.", path=path)
