"""`dvm doctor`: what this machine has, and what is wrong with it."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import metadata
from importlib.util import find_spec
from typing import Annotated

import typer

from dvm_core.bridge.amounts import in_words
from dvm_core.bridge.errors import DvmError, InputError, ModelError
from dvm_core.cli.console import say, say_json
from dvm_core.cli.tables import print_table

_NEEDED_FORMATS = ("openexr", "dpx", "tiff", "png", "jpeg")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        what: Its name.
        found: What there is.
        note: What could be better, and how; "" if nothing.
        problem: What is wrong, and how to mend it; "" if nothing.
        code: Exit code that a job would end with because of it; 0 if none.
    """

    what: str
    found: str
    note: str = ""
    problem: str = ""
    code: int = 0


def doctor(json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False) -> None:
    """Say what this machine has (device, kernels, colour, models, formats), what is wrong and how to mend it."""
    findings = [_look(what, check) for what, check in _CHECKS.items()]
    code = next((finding.code for finding in findings if finding.code), 0)
    if json:
        say_json({"ok": code == 0, "findings": [asdict(finding) for finding in findings]})
    else:
        print_table(("", "found"), [(finding.what, finding.found) for finding in findings])
        for finding in findings:
            if finding.note or finding.problem:
                say(f"\n{'PROBLEM' if finding.problem else 'note'}, {finding.what}: {finding.problem or finding.note}")
        say("" if code else "\nNothing is wrong.")
    raise typer.Exit(code)


def _look(what: str, check: Callable[[], tuple[str, str]]) -> Finding:
    try:
        found, note = check()
    except DvmError as error:
        return Finding(what, "unusable", problem=error.message, code=error.exit_code)
    return Finding(what, found, note)


def _engine() -> tuple[str, str]:
    from dvm_core import __version__

    torch = metadata.version("torch")
    return f"dvm {__version__}, Python {platform.python_version()} ({sys.executable}), torch {torch}", ""


def _device() -> tuple[str, str]:
    from dvm_core.pipeline.device import choose
    from dvm_core.pipeline.memory import available

    compute = choose()
    return f"{compute.name}, {compute.precision}, {in_words(available(compute.device))} of memory free", ""


def _kernels() -> tuple[str, str]:
    from dvm_core import ops
    from dvm_core.pipeline.device import choose

    running = {device: ops.kernels(device) for device in dict.fromkeys(("cpu", choose().device.type))}
    slow = "slower kernels than ours run because DVM_KERNELS asks for them; unset it where a compiler is at hand."
    found = ", ".join(f"{device}: {name}" for device, name in running.items())
    if any(name.endswith("-fused") for name in running.values()):
        found += " (fused in half precision, for layers of up to 256 channels; others by columns)"
    return found, slow if set(ops.OF_OTHERS) & set(running.values()) else ""


def _threads() -> tuple[str, str]:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limit = os.environ.get("OMP_NUM_THREADS", "")
    return f"{usable} CPUs usable" + (f", OMP_NUM_THREADS={limit}" if limit else ""), ""


def _colour() -> tuple[str, str]:
    from dvm_core.io.colour import current_config

    current_config()
    return os.environ.get("OCIO") or "OpenColorIO's built-in configuration ($OCIO is not set)", ""


def _models() -> tuple[str, str]:
    from dvm_core.model import weights

    names = weights.available()
    if "lite" not in names:
        raise ModelError(
            "The default model, lite, is not installed; install dvm-core again, or use --model closed-form."
        )
    weights.info("lite")
    damaged = {name: problem for name in names if (problem := _damage(name))}
    usable = ", ".join(name for name in names if name not in damaged)
    found = f"{usable} (own ones in {weights.user_folder()})" + (f"; unusable: {', '.join(damaged)}" if damaged else "")
    notes = list(damaged.values())
    if "rn50" not in names:
        notes.append("rn50 comes without weights: import the published ones with `dvm models import`.")
    return found, " ".join(notes)


def _damage(name: str) -> str:
    """What is wrong with a weight file; "" if nothing."""
    from dvm_core.model import weights

    try:
        weights.info(name)
    except ModelError as error:
        return error.message
    return ""


def _images() -> tuple[str, str]:
    from dvm_core.io.formats import image_formats, version

    formats = image_formats()
    missing = [name for name in _NEEDED_FORMATS if name not in formats]
    if missing:
        raise InputError(
            f"OpenImageIO was built without {', '.join(missing)}; install it with `pip install OpenImageIO`."
        )
    return f"OpenImageIO {version()}: {', '.join(formats)}", ""


def _movies() -> tuple[str, str]:
    if find_spec("av") is None:
        return "no", "movies as plate need PyAV: `pip install dvm-core[movie]`."
    return f"PyAV {metadata.version('av')}", ""


def _hosts() -> tuple[str, str]:
    from dvm_core.bridge.engine import find_python
    from dvm_core.install import ADAPTERS, installer
    from dvm_core.install.record import Record

    installed = Record().installations
    if not installed:
        return "no adapter installed", ""
    notes = [
        f"The adapter in {entry.folder} is not that of this version; run `dvm install {entry.host}` again."
        for entry in installed
        if not installer.is_current(entry)
    ]
    python = find_python()
    if python != sys.executable:
        notes.append(f"Hosts start another engine than this one: {python}.")
    return ", ".join(f"{ADAPTERS[entry.host].title} ({entry.folder})" for entry in installed), " ".join(notes)


_CHECKS = {
    "engine": _engine,
    "device": _device,
    "kernels": _kernels,
    "threads": _threads,
    "colour": _colour,
    "models": _models,
    "images": _images,
    "movies": _movies,
    "hosts": _hosts,
}
