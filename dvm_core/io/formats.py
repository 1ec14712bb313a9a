"""Which image formats this machine's OpenImageIO reads."""

from __future__ import annotations

import OpenImageIO as oiio


def version() -> str:
    """OpenImageIO's version."""
    return str(oiio.VERSION_STRING)


def image_formats() -> tuple[str, ...]:
    """Names of the formats that OpenImageIO was built with, `openexr` and `dpx` among them."""
    return tuple(sorted(str(oiio.get_string_attribute("format_list")).split(",")))
