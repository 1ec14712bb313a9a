"""Find the colour of a layer and view among the parts and channels of an image.

EXR files spell layers and views in three ways: channel names (`beauty.R`, `beauty.left.R` with a `multiView`
attribute, whose first view has no name), parts with a `view`, and parts named after their layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

_MAIN_PARTS = frozenset({"", "rgba", "rgb", "beauty"})
_RGB = {"r": "r", "red": "r", "g": "g", "green": "g", "b": "b", "blue": "b"}


class Colour(NamedTuple):
    """Channels that make one colour picture.

    Attributes:
        part: Index of the image part.
        layer: Layer by its channels' names, "" for the main one.
        part_layer: Layer by its part's name, "" if the part has none.
        view: View, "" where the file has no views.
        channels: Indices of red, green and blue, or of one grey channel.
        luminance: Whether the one grey channel is the picture's luminance by name (or the file's only channel).
    """

    part: int
    layer: str
    part_layer: str
    view: str
    channels: tuple[int, ...]
    luminance: bool = True

    @property
    def label(self) -> str:
        """The name to show for it."""
        name = self.layer or self.part_layer or "(main)"
        return f"{name} in view {self.view}" if self.view else name


def pick_colour(parts: Sequence[Any], layer: str = "", view: str = "") -> Colour | str:
    """The colour channels that a layer and view mean.

    Args:
        parts: OpenImageIO specs of the file's parts.
        layer: Name of the layer, "" for the main one.
        view: Name of the view, "" for the first one.

    Returns:
        The channels, or, where nothing fits, the end of a sentence about what the file has instead.
    """
    found = [colour for index, spec in enumerate(parts) for colour in _colours(index, spec, parts)]
    wanted_view = view or next((colour.view for colour in found), "")
    fits = [colour for colour in found if colour.view in (wanted_view, "") and _is_layer(colour, layer)]
    # Colour before grey; a part that is called the main one before others; then the file's own order.
    fits.sort(key=lambda fit: (len(fit.channels) != 3, not fit.luminance, fit.part_layer.lower() not in _MAIN_PARTS))
    if view and not any(colour.view == view for colour in found):
        fits = []
    if fits and (layer or len(fits[0].channels) == 3 or fits[0].luminance):
        return fits[0]
    # No main layer: a file with one coloured layer still leaves no doubt.
    coloured = [colour for colour in found if len(colour.channels) == 3 and colour.view in (wanted_view, "")]
    if not layer and not view and len(coloured) == 1:
        return coloured[0]
    return _nothing(found, layer, view)


def _nothing(found: Sequence[Colour], layer: str, view: str) -> str:
    wanted = " ".join(
        word for word in (f"layer '{layer}'" if layer else "main layer", f"in view '{view}'" if view else "") if word
    )
    there = ", ".join(dict.fromkeys(colour.label for colour in found))
    return f"has no {wanted}; it has " + (f"{there}; name one of those" if there else "no colour at all")


def _is_layer(colour: Colour, layer: str) -> bool:
    if not layer:
        return not colour.layer
    return layer in ((colour.layer,) if colour.layer else (colour.part_layer, f"{colour.part_layer}_{colour.view}"))


def _colours(index: int, spec: Any, parts: Sequence[Any]) -> list[Colour]:
    """Every group of channels with a common prefix that can be shown as colour or grey."""
    views = _views(parts)
    part_view = str(spec.getattribute("view") or "")
    part_layer = _part_layer(str(spec.getattribute("oiio:subimagename") or ""), views) if len(parts) > 1 else ""
    # The first view of a `multiView` attribute has channels without a view name.
    default_view = part_view or (views[0] if views and spec.getattribute("multiView") else "")
    groups: dict[tuple[str, str], dict[str, int]] = {}
    for channel, name in enumerate(spec.channelnames):
        prefix, _, base = name.rpartition(".")
        layer, view = _split_view(prefix, views)
        groups.setdefault((layer, view or default_view), {})[base.lower()] = channel
    colours = []
    for (layer, view), bases in groups.items():
        channels, luminance = _shown(bases, alone=spec.nchannels == 1 and len(parts) == 1)
        if channels:
            colours.append(Colour(index, layer, part_layer, view, channels, luminance))
    return colours


def _shown(bases: dict[str, int], alone: bool) -> tuple[tuple[int, ...], bool]:
    rgb = {_RGB[base]: channel for base, channel in bases.items() if base in _RGB}
    if len(rgb) == 3:
        return (rgb["r"], rgb["g"], rgb["b"]), True
    if "y" in bases:
        return (bases["y"],), True
    rest = [channel for base, channel in bases.items() if base not in ("a", "alpha")] or list(bases.values())
    return ((rest[0],), alone) if len(rest) == 1 else ((), False)


def _views(parts: Sequence[Any]) -> list[str]:
    views: list[str] = []
    for spec in parts:
        views.extend(spec.getattribute("multiView") or ())
        views.append(str(spec.getattribute("view") or ""))
    return list(dict.fromkeys(view for view in views if view))


def _split_view(prefix: str, views: Sequence[str]) -> tuple[str, str]:
    """`beauty.left` is layer `beauty` of view `left`, if there is such a view."""
    layer, _, last = prefix.rpartition(".")
    return (layer, last) if last in views else (prefix, "")


def _part_layer(name: str, views: Sequence[str]) -> str:
    """A part's name without its view: writers append it with a dot or an underscore."""
    for view in views:
        for mark in "._":
            if name.endswith(mark + view):
                return name[: -len(mark + view)]
    return name
