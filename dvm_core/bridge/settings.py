"""How a matte is made and written: the options of `dvm matte` that a job carries along."""

import re
from dataclasses import asdict, dataclass, fields
from typing import Any, Dict, Sequence, Union

from . import checks
from .errors import UsageError

_MEMORY = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)([KMGT])B?")
_UNITS = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def parse_memory(text: str) -> int:
    """Bytes of an amount of memory such as `8G`, `512M` or `1.5GB` (powers of 1024); 0 for "", no limit.

    Raises:
        UsageError: The text is no amount.
    """
    _check_memory("max_memory", text)
    match = _MEMORY.fullmatch(text.upper())
    return 0 if match is None else int(float(match.group(1)) * _UNITS[match.group(2)])


def _check_memory(field: str, value: Any) -> None:
    if value == "":
        return
    match = _MEMORY.fullmatch(value.upper()) if isinstance(value, str) else None
    if match is None or float(match.group(1)) == 0:
        raise checks.refuse(field, "an amount of memory such as 8G or 512M", value)


def _word_or_number(words: Sequence[str], low: int, high: int, expected: str) -> checks.Check:
    """One of some words, or a whole number from `low` to `high`; `expected` says it in words."""
    number = checks.whole_number(low, high)

    def check(field: str, value: Any) -> None:
        if value in words:
            return
        try:
            number(field, value)
        except UsageError:
            raise checks.refuse(field, expected, value) from None

    return check


def _check_foreground(field: str, value: Any) -> None:
    if value != "":
        checks.exr(field, value)


_CHECKS = {
    "device": checks.pattern(r"auto|cpu|cuda(:[0-9]{1,3})?", "auto, cpu, cuda or cuda:N"),
    "precision": checks.choice(("auto", "fp32", "bf16", "fp16")),
    "threads": checks.whole_number(0, 1024),
    "tile": _word_or_number(("auto", "off"), 64, 16384, "auto, off or a size in pixels from 64 to 16384"),
    "reduce": _word_or_number(("auto",), 1, 32, "auto or a whole number from 1 to 32"),
    "max_memory": _check_memory,
    "colorspace": checks.name,
    "layer": checks.text,
    "view": checks.text,
    "movie_frames": checks.choice(("count", "timecode")),
    "trimap_channel": checks.text,
    "channels": checks.choice(("alpha", "matte", "rgba")),
    "fg": _check_foreground,
    "compression": checks.pattern(
        r"none|rle|piz|pxr24|b44a?|(zips?|dwa[ab])(:[0-9]{1,3})?",
        "an EXR compression: none, rle, zip, zips, piz, pxr24, b44, b44a, dwaa or dwab",
    ),
    "half": checks.boolean,
    "existing": checks.choice(("fail", "resume", "overwrite")),
}


@dataclass(frozen=True)
class Settings:
    """The options of a job; each is checked when made.

    Attributes:
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        precision: `auto` (fp32 on a CPU, bf16 on a GPU that has it), `fp32`, `bf16` or `fp16`.
        threads: CPU threads of the network; 0 leaves what the machine's environment says.
        tile: `auto`, `off`, or the side of a tile in pixels.
        reduce: What a plate's sides are divided by before the network sees it; its detail comes back afterwards. `auto`
            (to about the size that the model was trained on) or a whole number; 1 for full size.
        max_memory: Memory to stay below, such as `8G`; "" for what the machine has.
        colorspace: Colour space of the plate; `auto` reads it from the file.
        layer: EXR layer of the plate; "" for its main one.
        view: Stereo view of the plate; "" for its main one.
        movie_frames: Number a movie's frames from 1 (`count`) or by its `timecode`.
        trimap_channel: Channel of the trimap; "" to choose by the trimap rule.
        channels: What the output holds: `alpha` (A), `matte` (R = G = B = A) or `rgba` (premultiplied).
        fg: Pattern of the foreground colour to write as well; "" for none.
        compression: EXR compression of the output.
        half: 16-bit float output; else 32-bit.
        existing: Output frames that are there already: `fail`, `resume` (keep them) or `overwrite`.

    Raises:
        UsageError: A value does not fit its field.
    """

    device: str = "auto"
    precision: str = "auto"
    threads: int = 0
    tile: Union[str, int] = "auto"
    reduce: Union[str, int] = "auto"
    max_memory: str = ""
    colorspace: str = "auto"
    layer: str = ""
    view: str = ""
    movie_frames: str = "count"
    trimap_channel: str = ""
    channels: str = "alpha"
    fg: str = ""
    compression: str = "zip"
    half: bool = True
    existing: str = "fail"

    def __post_init__(self) -> None:
        for field in fields(self):
            _CHECKS[field.name](field.name, getattr(self, field.name))

    @classmethod
    def from_dict(cls, document: Any) -> "Settings":
        """Read the `settings` of a job document.

        Raises:
            UsageError: It is no object, has a field that is not known, or a value that does not fit.
        """
        checks.unknown_keys(document, [field.name for field in fields(cls)], "settings")
        return cls(**document)

    @property
    def of_plate(self) -> Dict[str, str]:
        """The fields that say how the plate is read."""
        return {name: getattr(self, name) for name in ("colorspace", "layer", "view", "movie_frames")}

    def to_dict(self) -> Dict[str, Any]:
        """All fields, as a job document holds them."""
        return asdict(self)
