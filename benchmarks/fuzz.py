"""Feed the readers what nobody should: job documents, frame ranges and patterns, plates and trimaps, mutated.

    python benchmarks/fuzz.py --target plate --minutes 10 [--seed 1] [--findings FOLDER]

Whatever comes in, the answer is a result or a `DvmError`. Another exception, a process that dies, an input that takes
longer than `PATIENCE` seconds: each is a finding, kept as a file. Ends with 1 if there are any. Inputs are tried in
forks, so that one that kills its process is known and the next ones go on.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import json
import os
import random
import resource
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import OpenImageIO as oiio

from dvm_core.bridge.errors import DvmError
from dvm_core.bridge.frames import format_range, normalise_pattern, parse_range
from dvm_core.bridge.job import MatteJob
from dvm_core.io.image_file import ImageFile
from dvm_core.io.plate import PlateReader
from dvm_core.io.trimap_file import TrimapReader

PATIENCE = 30.0
"""Seconds for one input."""
BATCH = 200
"""Inputs a fork tries."""
MEMORY = 6 << 30
"""Bytes of address space of a fork: what a damaged header asks for must be refused, not allocated."""
READ_AT_MOST = 1 << 22
"""Pixels up to which a picture whose header was accepted is read."""
DAMAGED = Path(__file__).resolve().parents[1] / "tests" / "data" / "damaged"

Random = random.Random
_NASTY = (
    b"",
    b"\x00",
    b"\xff",
    b"\x7f\xff\xff\xff",
    b"\x80\x00\x00\x00",
    b"\xff\xff\xff\xff",
    b"%n",
    b"\x00\x00\x80\x7f",
)


class Target(NamedTuple):
    """What is fuzzed.

    Attributes:
        make: An input, from a folder of seeds and a source of randomness.
        try_out: Reads it; a finding is any exception but DvmError.
    """

    make: Callable[[Path, Random], bytes]
    try_out: Callable[[Path], None]


def mutated(data: bytes, chance: Random) -> bytes:
    """Some bytes changed, cut out, doubled or put in; most of it near the beginning, where headers are."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        span = min(len(changed), chance.choice((64, 400, 2000, 1 << 30)))
        at = chance.randrange(span) if span else 0
        kind = chance.randrange(6)
        if kind == 0 and changed:
            changed[at : at + 1] = bytes([chance.randrange(256)])
        elif kind == 1:
            nasty = chance.choice(_NASTY)
            changed[at : at + len(nasty)] = nasty
        elif kind == 2:
            del changed[at : at + chance.choice((1, 4, 100))]
        elif kind == 3:
            changed[at:at] = changed[at : at + chance.choice((1, 4, 40))]
        elif kind == 4:
            del changed[chance.randrange(len(changed) + 1) :]
        else:
            changed[at:at] = chance.choice(_NASTY)
    return bytes(changed)


def picture(seeds: Path, chance: Random) -> bytes:
    """One of the seed pictures, mutated."""
    return mutated(chance.choice(sorted(seeds.iterdir())).read_bytes(), chance)


def write_seeds(folder: Path) -> None:
    """Small pictures of every kind that is read, and the damaged files of the tests."""
    noise = np.random.default_rng(1)
    for name, channels, dtype, attributes in (
        ("zip.exr", 3, "half", {"compression": "zip"}),
        ("none.exr", 4, "float", {"compression": "none"}),
        ("piz.exr", 1, "half", {"compression": "piz"}),
        ("dwaa.exr", 3, "half", {"compression": "dwaa"}),
        ("tiles.exr", 3, "half", {"compression": "zips", "tile": 16}),
        ("tagged.exr", 3, "half", {"compression": "rle", "oiio:ColorSpace": "ACEScg"}),
        ("eight.png", 4, "uint8", {}),
        ("grey.png", 1, "uint8", {}),
        ("sixteen.png", 3, "uint16", {}),
        ("a.tif", 3, "uint16", {}),
        ("a.dpx", 3, "uint16", {}),
        ("a.jpg", 3, "uint8", {}),
        ("a.tga", 4, "uint8", {}),
    ):
        attributes = dict(attributes)
        spec = oiio.ImageSpec(40, 30, channels, dtype)
        spec.tile_width = spec.tile_height = int(attributes.pop("tile", 0))
        for key, value in attributes.items():
            spec.attribute(key, value)
        output = oiio.ImageOutput.create(name)
        output.open(str(folder / name), spec)
        output.write_image(noise.random((30, 40, channels), dtype=np.float32))
        output.close()
    for path in DAMAGED.glob("*.exr"):
        shutil.copy(path, folder)


def try_picture(path: Path, look: Callable[[Path], Any], read: Callable[[Path], Any]) -> None:
    """Look at a picture's header; read it if it is small."""
    try:
        look(path)
        with ImageFile(path) as image:
            small = all(spec.width * spec.height <= READ_AT_MOST for spec in image.parts)
            small = small and all(spec.full_width * spec.full_height <= READ_AT_MOST for spec in image.parts)
    except DvmError:
        small = True
    if small:
        read(path)


def try_plate(path: Path) -> None:
    """A plate's header and pixels."""
    # The ending decides which reader is asked first, and any file may carry any ending.
    for ending in (".exr", ".png"):
        named = path.with_suffix(ending)
        shutil.copy(path, named)
        try_picture(named, lambda at: PlateReader(at).inspect(1), lambda at: _read(PlateReader, at))


def try_trimap(path: Path) -> None:
    """A trimap's header and pixels."""
    for ending in (".exr", ".png", ".tif"):
        named = path.with_suffix(ending)
        shutil.copy(path, named)
        try_picture(named, lambda at: TrimapReader(at).header(1), lambda at: _read(TrimapReader, at))


def _read(reader: Callable[[Path], Any], path: Path) -> None:
    with contextlib.suppress(DvmError):
        reader(path).read(1)


_JOB = {
    "schema": "dvm-job/1",
    "plate": "plates/sh010.####.exr",
    "trimap": "keys/sh010.1001-1100#.png",
    "output": "mattes/$F4.exr",
    "range": "1001-1100,1200-1300x2",
    "shot_range": "1001-1300",
    "trimap_mode": "keyframes",
    "model": "../lite.safetensors",
    "corrected": "fixed/sh010.%04d.exr",
    "settings": {"device": "cuda:0", "tile": 512, "max_memory": "8G", "half": True, "fg": "fg/%04d.exr", "threads": 4},
}
_VALUES = (
    None, True, -1, 0, 1e308, float("nan"), 10**400, "", " ", "\x00", "\ud800", "a" * 5000, "####", "../../x.exr",
    "%99d.exr", "$F.exr", "1-", "9" * 30, "1-999999999", "-5--1x0", [], {}, [[]] * 3, {"a": {"b": []}},
    "x.EXR", "con.exr",
)  # fmt: skip


def job_document(seeds: Path, chance: Random) -> bytes:
    """A job document with wrong values, or with wrong bytes."""
    document = json.loads(json.dumps(_JOB))
    for _ in range(chance.randrange(4)):
        part = chance.choice((document, document.get("settings")))
        if not isinstance(part, dict):
            continue
        key = chance.choice([*part, "unknown", "settings", "schema"])
        part[key] = copy.deepcopy(chance.choice(_VALUES))
    text = json.dumps(document)
    return mutated(text.encode(), chance) if chance.random() < 0.5 else text.encode("utf-8", "surrogatepass")


def try_job(path: Path) -> None:
    """Read a document; one that is valid is the same again after a round through JSON."""
    job = MatteJob.load(str(path))
    again = MatteJob.from_dict(json.loads(json.dumps(job.to_dict())), "/")
    if again != job:
        raise AssertionError(f"{again} is not {job}")
    for text in (job.plate, job.trimap, job.output):
        pattern = normalise_pattern(text)
        for frame in job.frames or (1, -7, 123456):
            if pattern.is_sequence and pattern.frame(pattern.path(frame)) != frame:
                raise AssertionError(f"{text} does not give frame {frame} back")
            break


def range_or_pattern(seeds: Path, chance: Random) -> bytes:
    """Text out of the signs that ranges and patterns are made of."""
    signs = "0123456789-x,#@%$dF. _/\\:" + "\u0661\u2212\u00b2"
    return "".join(chance.choice(signs) for _ in range(chance.randrange(1, 24))).encode()


def try_range_or_pattern(path: Path) -> None:
    """Read it as both; what is valid comes back from its own writing."""
    text = path.read_bytes().decode()
    try:
        frames = parse_range(text)
    except DvmError:
        pass
    else:
        if parse_range(format_range(frames)) != frames:
            raise AssertionError(f"{text!r} does not come back")
    pattern = normalise_pattern(text)
    for frame in (0, 7, -3, 1001, 999999999):
        if pattern.is_sequence and pattern.frame(pattern.path(frame)) != frame:
            raise AssertionError(f"{text!r} does not give frame {frame} back")


TARGETS = {
    "job": Target(job_document, try_job),
    "frames": Target(range_or_pattern, try_range_or_pattern),
    "plate": Target(picture, try_plate),
    "trimap": Target(picture, try_trimap),
}


class Fuzz:
    """Tries inputs of one target, numbered by their seed."""

    def __init__(self, target: str, findings: Path) -> None:
        self._name = target
        self._target = TARGETS[target]
        self._findings = findings
        self._work = Path(tempfile.mkdtemp(prefix="dvm-fuzz-"))
        self._seeds = self._work / "seeds"
        self._seeds.mkdir()
        write_seeds(self._seeds)
        self.tried = 0
        self.found: list[str] = []

    def run(self, first: int, count: int) -> None:
        """Try so many inputs, in forks."""
        last = first + count
        while first < last:
            first = self._fork(first, min(first + BATCH, last))

    def close(self) -> None:
        """Remove the working folder."""
        shutil.rmtree(self._work)

    def _fork(self, first: int, last: int) -> int:
        """Try inputs until one kills the process or takes too long; returns the next one to try."""
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            os.close(reader)
            self._child(range(first, last), writer)
        os.close(writer)
        at = first - 1
        while True:
            heard = select.select([reader], [], [], PATIENCE)[0]
            line = _line(reader) if heard else ""
            if not line:
                break
            number, _, fault = line.partition(" ")
            at = int(number)
            self.tried += 1
            if fault:
                self._keep(at, fault)
        os.close(reader)
        if not heard:
            os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
        if not heard or status:
            at += 1
            self.tried += 1
            self._keep(at, f"hang of {PATIENCE:.0f} s" if not heard else f"the process died ({status})")
        return at + 1

    def _child(self, numbers: range, writer: int) -> None:
        code = 1
        try:
            quiet = os.open(os.devnull, os.O_WRONLY)
            os.dup2(quiet, 2)
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            for number in numbers:
                os.write(writer, f"{number} {self._try(number)}\n".encode())
            code = 0
        finally:
            os._exit(code)

    def _try(self, number: int) -> str:
        path = self._work / "input"
        path.write_bytes(self.input(number))
        try:
            self._target.try_out(path)
        except DvmError as error:
            return "" if error.exit_code in (2, 3) else f"exit code {error.exit_code}: {error}"
        except BaseException as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            return f"{type(error).__name__} in {Path(where.filename).name}:{where.lineno}: {error}".replace("\n", " ")
        return ""

    def input(self, number: int) -> bytes:
        """The input of a number."""
        return self._target.make(self._seeds, Random(number))

    def _keep(self, number: int, fault: str) -> None:
        self._findings.mkdir(parents=True, exist_ok=True)
        file = self._findings / f"{self._name}-{number}"
        file.write_bytes(self.input(number))
        self.found.append(f"{file}: {fault}")


def _line(reader: int) -> str:
    data = b""
    while not data.endswith(b"\n"):
        byte = os.read(reader, 1)
        if not byte:
            return ""
        data += byte
    return data.decode("utf-8", "replace").rstrip("\n")


def main() -> None:
    """Fuzz one target for some minutes."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--target", choices=TARGETS, required=True)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--findings", type=Path, default=Path("build/fuzz"))
    options = parser.parse_args()
    fuzz = Fuzz(options.target, options.findings)
    end, number = time.monotonic() + options.minutes * 60, options.seed
    while time.monotonic() < end:
        fuzz.run(number, BATCH)
        number += BATCH
    fuzz.close()
    print(f"{options.target}: {fuzz.tried} inputs, seeds {options.seed} to {number - 1}, {len(fuzz.found)} findings")
    for finding in fuzz.found[:20]:
        print(finding)
    sys.exit(1 if fuzz.found else 0)


if __name__ == "__main__":
    main()
