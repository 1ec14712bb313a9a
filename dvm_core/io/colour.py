"""In which colour space a plate is: what the user says, what the file says, or the rule for files that say nothing.

Names are those of the Color Interop Forum, which OpenColorIO's built-in configuration has as aliases.
"""

from __future__ import annotations

import difflib
import functools
import os
from typing import Any, NamedTuple

from dvm_core.bridge.errors import InputError, UsageError
from dvm_core.io.image_file import oiio
from dvm_core.io.primaries import matrix_to_rec709, space_of_primaries

DISPLAY = "srgb_rec709_scene"
"""What the network sees, and what untagged integer files and movies are taken for."""
LINEAR = "lin_rec709_scene"
"""What untagged float files are taken for."""
BUILT_IN = "ocio://default"

_FLOAT = frozenset({"half", "float", "double"})
_LOG_TRANSFERS = frozenset({"Logarithmic", "Printing density"})


class ColourSpace(NamedTuple):
    """The colour space of a plate, and why it is taken for that.

    Attributes:
        name: Name in the OpenColorIO configuration; with a matrix, the space that the matrix leads to.
        why: Reason, to print and to store.
        matrix: (3, 3) in rows, which brings linear colour columns of other primaries into `name`; or None.
    """

    name: str
    why: str
    matrix: tuple[tuple[float, ...], ...] | None = None

    def __str__(self) -> str:
        return f"{self.name} ({self.why})"


@functools.cache
def current_config() -> Any:
    """The OpenColorIO configuration that $OCIO names, or else the built-in one; read once a process.

    Raises:
        UsageError: $OCIO names a file that is not there or is no configuration.
    """
    config = oiio.ColorConfig()
    problem = config.geterror()
    if problem:
        raise UsageError(
            f"$OCIO is '{os.environ.get('OCIO', '')}', which is no colour configuration; mend or unset it."
        )
    return config


@functools.cache
def built_in_config() -> Any:
    """OpenColorIO's built-in configuration."""
    return oiio.ColorConfig(BUILT_IN)


def has_space(config: Any, name: str) -> bool:
    """Whether a configuration itself has a colour space, alias or role of that name, in any case of letters.

    OpenImageIO's own look-up guesses: in a configuration without `lin_rec709_scene` it takes the scene-linear space for
    it, whatever that one's primaries.
    """
    return name.lower() in (known.lower() for known in _names(config))


def colour_space(spec: Any, request: str = "auto") -> ColourSpace:
    """The colour space of one image file.

    `auto` is: the file's own tag; else its chromaticities; else, for half and float files, the `scene_linear` of $OCIO
    if that is set, or else `lin_rec709_scene`; and `srgb_rec709_scene` for integer files.

    Args:
        spec: OpenImageIO spec of the part that is read.
        request: `auto`, or the name of a colour space.

    Raises:
        UsageError: No configuration has the colour space asked for.
        InputError: None has the one that the file is tagged with, or its chromaticities are no primaries.
    """
    if request != "auto":
        return requested_space(request)
    tag = _tag(spec)
    if tag:
        if not _known(tag):
            raise InputError(
                f"The plate is tagged as '{tag}', which the colour configuration does not have; "
                "name its space with --colorspace, or set $OCIO to a configuration that has it."
            )
        return ColourSpace(tag, "the file's tag")
    if str(spec.format) not in _FLOAT:
        return ColourSpace(DISPLAY, "untagged integer file")
    chromaticities = spec.getattribute("chromaticities")
    if chromaticities is not None:
        return _space_of_chromaticities(tuple(float(number) for number in chromaticities))
    if os.environ.get("OCIO"):
        return ColourSpace("scene_linear", "untagged, so scene_linear of $OCIO")
    return ColourSpace(LINEAR, "untagged float file")


def requested_space(name: str) -> ColourSpace:
    """The colour space that the user names.

    Raises:
        UsageError: No configuration has it; the message lists names near it.
    """
    if _known(name):
        return ColourSpace(name, "as asked")
    names = {known.lower(): known for known in _names(current_config())}
    near = [names[match] for match in difflib.get_close_matches(name.lower(), names, n=3, cutoff=0.5)]
    hint = f"near it are {', '.join(map(repr, near))}" if near else f"it has, for instance, {DISPLAY} and {LINEAR}"
    raise UsageError(f"'{name}' is not a colour space of {current_config().configname()}; {hint}.")


def route(source: str, target: str) -> tuple[tuple[str, str, str], ...]:
    """The OpenColorIO steps from one space to another.

    A studio's configuration need not have the Color Interop names; ACES2065-1, which it declares by the role
    `aces_interchange`, then leads over to the built-in one.

    Returns:
        Steps (configuration, from, to); configuration "" is the current one.

    Raises:
        UsageError: The configuration declares no way out.
    """
    current, built_in = current_config(), built_in_config()
    if has_space(current, source) and has_space(current, target):
        return (("", source, target),)
    if has_space(current, source) and has_space(current, "aces_interchange") and has_space(built_in, target):
        return (("", source, "aces_interchange"), (BUILT_IN, "lin_ap0_scene", target))
    if has_space(built_in, source) and has_space(built_in, target):
        return ((BUILT_IN, source, target),)
    raise UsageError(
        f"The colour configuration {current.configname()} has no way from '{source}' to '{target}'; "
        "give it the role aces_interchange, or unset $OCIO."
    )


def is_scene_linear(name: str) -> bool:
    """Whether a colour space holds scene-linear light."""
    config = current_config() if has_space(current_config(), name) else built_in_config()
    return bool(config.isColorSpaceLinear(name))


def _tag(spec: Any) -> str:
    tag = str(spec.getattribute("oiio:ColorSpace") or "")
    if not tag and str(spec.getattribute("dpx:Transfer") or "") in _LOG_TRANSFERS:
        return "KodakLog"
    return "" if tag.lower() == "unknown" else tag


def _space_of_chromaticities(chromaticities: tuple[float, ...]) -> ColourSpace:
    why = "the file's chromaticities"
    named = space_of_primaries(chromaticities)
    if named:
        return ColourSpace(named, why)
    try:
        to_rec709 = matrix_to_rec709(chromaticities)
    except ValueError as error:
        raise InputError(f"The plate's {error}; name its colour space with --colorspace.") from error
    return ColourSpace(LINEAR, why, tuple(tuple(row) for row in to_rec709.tolist()))


def _known(name: str) -> bool:
    return has_space(current_config(), name) or has_space(built_in_config(), name)


@functools.cache
def _names(config: Any) -> tuple[str, ...]:
    spaces = config.getColorSpaceNames()
    aliases = [alias for space in spaces for alias in config.getAliases(space)]
    return (*spaces, *aliases, *config.getRoles())
