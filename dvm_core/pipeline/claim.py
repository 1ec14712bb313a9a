"""Claims on frames: two processes, on one machine or on two, never write the same frame of the same output.

A claim is a small file beside the output, made under a name of its own and taken away at the end. Whoever
wants frames first makes his claim, then reads those of the others: of two who begin at once, at least one sees the
other. Claims on frames of which none is shared stand side by side, so a shot's chunks run at the same time.

A claim whose process is gone is removed. On the same machine the process is looked for; on another one (or where its
number was given away again) the claim counts as left behind once its beat, a number that its owner keeps raising, has
stood still for `SILENCE` seconds of the observer's own monotonic clock. No file's date and no machine's time of day is
asked, so clocks may jump and disagree.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from dvm_core import processes
from dvm_core.bridge.errors import OutputError, UsageError
from dvm_core.bridge.frames import format_range, parse_range
from dvm_core.whole_file import clear, whole_file

BEAT = 2.0
"""Seconds between two beats of a living claim."""
SILENCE = 20.0
"""Seconds without a beat after which a claim counts as left behind."""
_LOOK = 0.1  # seconds between looks at a claim that may be dead or about to be withdrawn
_SUFFIX = ".claim"
_STATE = "{} {:012d}\n"  # of one length always, so that it is written over in place


@dataclass(frozen=True)
class Note:
    """What a claim's file says, for good.

    Attributes:
        output: Name of the output files, with a place for the frame number.
        frames: The frames claimed, as a range.
        host: The machine's name, for people.
        place: Machine and process namespace, to know whether `pid` can be looked for from here.
        pid: The process.
        token: Tells claims apart; of two who ask at once the lower one wins.
    """

    output: str
    frames: str
    host: str
    place: str
    pid: int
    token: str

    def shares(self, other: Note) -> bool:
        """Whether two claims have a file in common."""
        return self.output == other.output and not set(parse_range(self.frames)).isdisjoint(parse_range(other.frames))

    def is_gone(self) -> bool:
        """Whether its process is known to have ended."""
        return self.place == processes.place() and processes.is_gone(self.pid)


class _Seen(NamedTuple):
    """A claim as it was found at one moment."""

    note: Note
    held: bool
    beat: int


class Claim:
    """Some frames of one output, claimed for as long as this context is entered.

    Args:
        folder: Where the files are written; made if need be.
        output: Name of the files, with a place for the frame number.
        frames: Frames to be written.

    Raises:
        OutputError: Another process is writing one of them, or the folder cannot be written.
    """

    def __init__(self, folder: Path, output: str, frames: Sequence[int]) -> None:
        self._folder = folder
        self._note = Note(
            output, format_range(frames), socket.gethostname(), processes.place(), os.getpid(), token=uuid.uuid4().hex
        )
        self._file = folder / f".dvm-{self._note.token}{_SUFFIX}"
        self._held = self._lost = False
        self._count = 0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep_beating, name="dvm-claim", daemon=True)

    def __enter__(self) -> Claim:
        with whole_file(self._file, told=self._folder) as temporary:
            temporary.write_text(_head(self._note) + _STATE.format("asks", 0), encoding="ascii")
        self._thread.start()
        try:
            self._settle()
        except BaseException:
            self._withdraw()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._withdraw()

    def require(self) -> None:
        """See that the claim still stands, before a file is written.

        Raises:
            OutputError: It was removed, by a process that took this one for dead, or by somebody.
        """
        if self._lost:
            raise OutputError(
                f"The claim on frames {self._note.frames} of {self._folder / self._note.output} was removed; another "
                f"process goes on in place of this one if it stood still for {SILENCE:.0f} s. Use --resume.",
                path=self._folder,
            )

    def _settle(self) -> None:
        """Deal with every other claim on the same frames: it is left behind, it gives way, or this one does."""
        clear(self._folder)
        for file in _claims(self._folder):
            other = None if file == self._file else _read(file)
            if other is None:
                continue
            if other.note.is_gone():
                _remove(file)
            elif other.note.shares(self._note):
                self._contend(file, other)
        self._held = True
        self._beat()

    def _contend(self, file: Path, first: _Seen) -> None:
        """Wait until the other one has gone or shows that it lives."""
        last, since = first.beat, time.monotonic()
        while (other := _read(file)) is not None:
            if other.note.is_gone() or time.monotonic() - since > SILENCE:
                _remove(file)
                return
            if other.beat != last:
                # One that asks as well, with a higher token, is about to give way.
                if other.held or other.note.token < self._note.token:
                    raise _taken(file, other.note)
                last, since = other.beat, time.monotonic()
            time.sleep(_LOOK)

    def _keep_beating(self) -> None:
        while not self._stop.wait(BEAT):
            self._beat()

    def _beat(self) -> None:
        with self._lock:
            self._count += 1
            try:
                _write_state(self._file, self._note, self._held, self._count)
            except FileNotFoundError:
                self._lost = True
            except OSError:
                pass  # a storage that is away for a moment; the next beat tries again

    def _withdraw(self) -> None:
        self._stop.set()
        self._thread.join()
        _remove(self._file)


def _claims(folder: Path) -> list[Path]:
    with os.scandir(folder) as entries:
        return sorted(Path(entry.path) for entry in entries if entry.name.endswith(_SUFFIX))


def _write_state(file: Path, note: Note, held: bool, beat: int) -> None:
    """Write over the state alone; a claim that somebody has removed is not made again."""
    with file.open("r+b", buffering=0) as stream:
        stream.seek(len(_head(note)))
        stream.write(_STATE.format("held" if held else "asks", beat).encode())


def _read(file: Path) -> _Seen | None:
    """A claim as it is now; None for one that has gone, or a file that is none."""
    for _ in range(3):  # NFS loses its handle on a file that is removed meanwhile
        try:
            head, state = file.read_text(encoding="ascii").splitlines()
            held, beat = state.split()
            seen = _Seen(Note(**json.loads(head)), held == "held", int(beat))
            parse_range(seen.note.frames)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, UsageError):
            time.sleep(_LOOK)
        else:
            return seen
    return None


def _remove(file: Path) -> None:
    with contextlib.suppress(OSError):
        file.unlink()


def _head(note: Note) -> str:
    return json.dumps(asdict(note)) + "\n"


def _taken(file: Path, note: Note) -> OutputError:
    return OutputError(
        f"Frames {note.frames} of {file.parent / note.output} are being written by process {note.pid} on {note.host}; "
        "wait for it, or name other frames.",
        path=file,
    )
