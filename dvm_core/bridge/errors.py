"""Every error that a user can meet, each with the exit code that a shell or a farm sees.

* DvmError                1   our own fault
  + UsageError            2   wrong options or an invalid job document
    + EngineNotFound      2   a host does not know which Python runs the engine
  + InputError            3   a plate, trimap or key that is missing, damaged or does not fit
  + DeviceError           4   the device is not there, or its memory is not enough
  + ModelError            5   weights that are missing, damaged or of another architecture
  + OutputError           6   a file that cannot be written
  + Cancelled           130   stopped by the user

A message is one sentence (or two short ones): what was expected, what was found, what to do.
"""

from typing import Optional


class DvmError(Exception):
    """An error to show to a user in one sentence.

    Args:
        message: What was expected, what was found, and what to do.
        frame: Frame number that it happened on, if one is to blame.
        path: File that it happened on, if one is to blame.
    """

    exit_code = 1

    def __init__(self, message: str, *, frame: Optional[int] = None, path: Optional[object] = None) -> None:
        super().__init__(message)
        self.message = message
        self.frame = frame
        self.path = None if path is None else str(path)


class UsageError(DvmError):
    """Wrong options, or a job document that is not valid."""

    exit_code = 2


class EngineNotFound(UsageError):
    """Nothing says which Python runs the engine, or what is said is not there."""


class InputError(DvmError):
    """A plate, trimap or key that is missing, damaged or does not fit the others."""

    exit_code = 3


class DeviceError(DvmError):
    """A device that is not there, or whose memory is not enough."""

    exit_code = 4


class ModelError(DvmError):
    """Weights that are missing, damaged, or of another architecture."""

    exit_code = 5


class OutputError(DvmError):
    """A file or folder that cannot be written: permission, full disk, already there."""

    exit_code = 6


class Cancelled(DvmError):
    """The user asked to stop; finished frames stay."""

    exit_code = 130
