"""What becomes of errors: one sentence on stderr and an exit code; a traceback only ever in a report file."""

from __future__ import annotations

import platform
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from dvm_core.bridge.errors import DeviceError, DvmError


@contextmanager
def as_dvm_errors() -> Iterator[None]:
    """Turn whatever goes wrong inside into a `DvmError`: a mistake of ours gets a report file that the user can send.

    Raises:
        DvmError: In place of any other exception.
    """
    try:
        yield
    except DvmError:
        raise
    except MemoryError:
        raise DeviceError("There is not enough memory; try --max-memory or a smaller --tile.") from None
    # The outermost border: what no layer below knew how to say must still end in one sentence.
    except Exception as error:
        raise DvmError(
            f"dvm made a mistake ({type(error).__name__}); please send the report {report(error)}."
        ) from error


def sentence(error: DvmError) -> str:
    """What to say about an error: its message, and the file and frame where the message does not name them."""
    rest = []
    if error.frame is not None and str(error.frame) not in error.message:
        rest.append(f"frame {error.frame}")
    if error.path is not None and error.path not in error.message:
        rest.append(error.path)
    return f"{error.message} ({', '.join(rest)})" if rest else error.message


def report(error: BaseException) -> str:
    """Write what is needed to find a mistake of ours to a new file in the temporary folder.

    Returns:
        Its path, or what to do instead if it could not be written.
    """
    from dvm_core import __version__

    text = [
        f"dvm {__version__}, Python {sys.version.split()[0]}, {platform.platform()}",
        "arguments: " + " ".join(sys.argv[1:]),
        "",
        "".join(traceback.format_exception(error)),
    ]
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="dvm-report-", suffix=".txt", delete=False, encoding="utf-8", errors="backslashreplace"
        ) as file:
            file.write("\n".join(text))
    except OSError:
        return "(which could not be written; run it again with room in the temporary folder)"
    return file.name
