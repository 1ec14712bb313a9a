"""The steps of a farm job, and the command that each task runs.

A command is written once, with its parameters left open (`Parameter`, `FRAMES`); each view fills them in in its own
way: a farm manager's variables, or plain values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from dvm_core.bridge.frames import normalise_pattern
from dvm_core.bridge.job import is_model_file
from dvm_core.farm.pins import Pinned, plain_range

PATH, TEXT, NUMBER = "PATH", "STRING", "INT"


@dataclass(frozen=True)
class Parameter:
    """A value of the job that whoever submits it may still change.

    Attributes:
        name: As farm managers show it.
        kind: `PATH` (mapped from machine to machine), `STRING` or `INT`.
        value: From the job.
        description: For people.
        flow: Of a path: `IN`, `OUT`, or `NONE` for a pattern, which names no file of its own.
        choices: What it may be; empty for anything.
    """

    name: str
    kind: str
    value: str
    description: str
    flow: str = ""
    choices: tuple[str, ...] = ()


class Frames:
    """Stands in a command for the frames of its task."""


FRAMES = Frames()

Token = str | Parameter | Frames | tuple[str, "Parameter | Frames"]
"""A word of a command: itself, a value, or a text with the value behind it (`--tile=` and the tile)."""


@dataclass(frozen=True)
class Need:
    """What a task asks of its machine.

    Attributes:
        threads: Cores.
        memory: Bytes of the machine's memory.
        gpu_memory: Bytes of a GPU's memory; 0 for no GPU.
    """

    threads: int
    memory: int
    gpu_memory: int = 0


@dataclass(frozen=True)
class Step:
    """One step of a farm job.

    Attributes:
        name: Propagate, Matte or QC.
        command: What a task runs, the engine's own command left out.
        tasks: Frame ranges, one a task; of a step in chunks, all its frames.
        chunked: Whether the farm manager cuts its frames into chunks.
        need: What a task asks of its machine.
        seconds: After which a task hangs.
        after: The step that must be finished before, or "".
    """

    name: str
    command: tuple[Token, ...]
    tasks: tuple[str, ...]
    chunked: bool
    need: Need
    seconds: int
    after: str = ""


def render(command: Sequence[Token], value: Callable[[Parameter], str], frames: str) -> list[str]:
    """The words of a command.

    Args:
        command: With its parameters open.
        value: What to write for a parameter.
        frames: What to write for the frames of the task.
    """

    def text(token: Token) -> str:
        if isinstance(token, str):
            return token
        if isinstance(token, tuple):
            return token[0] + text(token[1])
        return value(token) if isinstance(token, Parameter) else frames

    return [text(token) for token in command]


def plain(parameter: Parameter) -> str:
    """A parameter's value itself, for `render`."""
    return parameter.value


def beside(output: str, what: str) -> str:
    """A folder beside a job's output, named after it: what steps hand on must be where every machine can see it.

    `mattes/sh010.####.exr` and `trimaps` make `mattes/sh010_trimaps`.
    """
    pattern = normalise_pattern(output)
    path = PurePath(pattern.head)
    stem = path.name if pattern.is_sequence and not pattern.head.endswith(("/", "\\")) else ""
    stem = stem.rstrip("._- ") if pattern.is_sequence else path.stem
    folder = path.parent if stem else path
    return str(folder / f"{stem or 'alpha'}_{what}")


def parameters_of(pinned: Pinned) -> dict[str, Parameter]:
    """Every parameter of a job, by its name, with its value."""
    job, settings = pinned.job, pinned.job.settings
    model_kind = (PATH, "IN") if is_model_file(job.model) else (TEXT, "")
    found = [
        Parameter("Plate", PATH, job.plate, "Pattern of the plate.", "NONE"),
        Parameter("Trimap", PATH, job.trimap, "Pattern of the trimaps.", "NONE"),
        Parameter("Output", PATH, job.output, "Pattern of the alphas to write.", "NONE"),
        Parameter("Frames", TEXT, job.range, "Frames to write."),
        Parameter("ShotFrames", TEXT, job.shot_range, "Frames that the shot has, for neighbours."),
        Parameter("Model", model_kind[0], job.model, "Model: its name or its file.", model_kind[1]),
        Parameter("Device", TEXT, settings.device, "Where to compute.", choices=("cpu", "cuda")),
        Parameter("Precision", TEXT, settings.precision, "Arithmetic.", choices=("fp32", "bf16", "fp16")),
        Parameter("Threads", NUMBER, str(settings.threads), "Processor threads of a task."),
        Parameter("Tile", TEXT, str(settings.tile), "Side of a tile in pixels, or off."),
        Parameter("Reduce", NUMBER, str(settings.reduce), "What sides are divided by for the network."),
        Parameter("MaxMemory", TEXT, settings.max_memory, "Memory that a task stays below."),
        Parameter("Colorspace", TEXT, settings.colorspace, "Colour space of the plate."),
        Parameter("Channels", TEXT, settings.channels, "What is written.", choices=("alpha", "matte", "rgba")),
        Parameter("Compression", TEXT, settings.compression, "EXR compression."),
        Parameter("Depth", TEXT, "half" if settings.half else "float", "Pixel type.", choices=("half", "float")),
        Parameter(
            "Existing",
            TEXT,
            "overwrite" if settings.existing == "overwrite" else "resume",
            "Frames that are there already.",
            choices=("resume", "overwrite"),
        ),
    ]
    if job.corrected:
        found.append(Parameter("Corrected", PATH, job.corrected, "Pattern of alphas put right by hand.", "NONE"))
    if job.trimap_mode == "keyframes":
        made = str(PurePath(beside(job.output, "trimaps")) / "trimap.####.png")
        found.append(Parameter("Propagated", PATH, made, "Pattern of the propagated trimaps.", "NONE"))
    if keys := _keys(pinned):
        found.append(Parameter("Keys", TEXT, keys, "Frames whose trimaps were painted."))
    if settings.fg:
        found.append(Parameter("Foreground", PATH, settings.fg, "Pattern of the foregrounds to write.", "NONE"))
    for name, value in (("Layer", settings.layer), ("View", settings.view), ("TrimapChannel", settings.trimap_channel)):
        if value:
            found.append(Parameter(name, TEXT, value, f"{name} to read."))
    if settings.movie_frames != "count":
        choices = ("count", "timecode")
        found.append(Parameter("MovieFrames", TEXT, settings.movie_frames, "How a movie is numbered.", "", choices))
    found.append(Parameter("Review", PATH, beside(job.output, "qc"), "Folder of the last step's findings.", "OUT"))
    return {parameter.name: parameter for parameter in found}


def _keys(pinned: Pinned) -> str:
    """Those keys that the job's frames are made from: the others' trimaps are not written by Propagate."""
    read = set(pinned.shot.read(pinned.window))
    return plain_range(tuple(key for key in pinned.shot.keys.keyed if key in read))


def matte_command(parameters: dict[str, Parameter]) -> tuple[Token, ...]:
    """`dvm matte` over the frames of a task."""
    trimap = parameters.get("Propagated", parameters["Trimap"])
    engine = ("Model", "Device", "Precision", "Threads", "Tile", "Reduce", "MaxMemory")
    return (
        "matte",
        parameters["Plate"],
        "--trimap",
        trimap,
        "-o",
        parameters["Output"],
        ("--range=", FRAMES),
        ("--shot-range=", parameters["ShotFrames"]),
        *_options(parameters, engine),
        *_reading(parameters),
        *(() if "Propagated" in parameters else _options(parameters, ("TrimapChannel",))),
        *_options(parameters, ("Keys", "Corrected", "Channels", "Compression")),
        *((("--fg=", parameters["Foreground"]),) if "Foreground" in parameters else ()),
        ("--", parameters["Depth"]),
        ("--", parameters["Existing"]),
        "--progress=openjd",
    )


def propagate_command(parameters: dict[str, Parameter]) -> tuple[Token, ...]:
    """`dvm trimap propagate` over one key segment."""
    return (
        "trimap",
        "propagate",
        parameters["Plate"],
        "--keys",
        parameters["Trimap"],
        "-o",
        parameters["Propagated"],
        ("--range=", FRAMES),
        ("--shot-range=", parameters["ShotFrames"]),
        *_reading(parameters),
        *_options(parameters, ("TrimapChannel",)),
        "--overwrite",
        "--progress=openjd",
    )


def check_command(parameters: dict[str, Parameter]) -> tuple[Token, ...]:
    """`dvm farm check` over all frames."""
    return (
        "farm",
        "check",
        parameters["Plate"],
        parameters["Output"],
        "--trimap",
        parameters.get("Propagated", parameters["Trimap"]),
        "-o",
        parameters["Review"],
        ("--range=", parameters["Frames"]),
        *_reading(parameters),
        *(() if "Propagated" in parameters else _options(parameters, ("TrimapChannel",))),
        "--progress=openjd",
    )


def _reading(parameters: dict[str, Parameter]) -> tuple[Token, ...]:
    return _options(parameters, ("Colorspace", "Layer", "View", "MovieFrames"))


def _options(parameters: dict[str, Parameter], names: Sequence[str]) -> tuple[Token, ...]:
    """`--max-memory=VALUE` for MaxMemory, and so on; those that the job has not are left out."""
    return tuple((f"--{_dashed(name)}=", parameters[name]) for name in names if name in parameters)


def _dashed(name: str) -> str:
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("-")
