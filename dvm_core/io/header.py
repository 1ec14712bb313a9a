"""What a picture's header says that the alpha must keep: its windows, pixel aspect, time code, frame rate, camera."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

CARRIED = (
    "DateTime",
    "smpte:TimeCode",
    "smpte:KeyCode",
    "framesPerSecond",
    "captureRate",
    "utcOffset",
    "imageCounter",
    "reelName",
    "ascFramingDecisionList",
    "screenWindowCenter",
    "screenWindowWidth",
    "worldToCamera",
    "worldToNDC",
    "cameraMake",
    "cameraModel",
    "cameraSerialNumber",
    "cameraFirmwareVersion",
    "cameraUuid",
    "cameraLabel",
    "lensMake",
    "lensModel",
    "lensSerialNumber",
    "lensFirmwareVersion",
    "nominalFocalLength",
    "pinholeFocalLength",
    "effectiveFocalLength",
    "entrancePupilOffset",
    "focus",
    "tStop",
    "FNumber",
    "ExposureTime",
    "isoSpeed",
    "shutterAngle",
    "sensorCenterOffset",
    "sensorOverallDimensions",
    "sensorPhotositePitch",
    "sensorAcquisitionRectangle",
)
"""Attributes of the plate that its alpha carries on, by their OpenImageIO names: OpenEXR's standard ones that are about
the shot, its time and its camera (`ImfStandardAttributes.h`), none that are about the pixels of the plate."""

_EXR_NAMES = {"FramesPerSecond": "framesPerSecond"}
"""OpenImageIO writes some attributes under names that nothing else looks for in an EXR file."""


class Window(NamedTuple):
    """A box of pixels; `x` and `y` may be negative, rows count downwards.

    Attributes:
        x: Left-most column.
        y: Top row.
        width: Columns, in pixels.
        height: Rows, in pixels.
    """

    x: int
    y: int
    width: int
    height: int

    def intersect(self, other: Window) -> Window:
        """What two windows share; width or height is 0 where they do not touch."""
        left, top = max(self.x, other.x), max(self.y, other.y)
        right = min(self.x + self.width, other.x + other.width)
        bottom = min(self.y + self.height, other.y + other.height)
        return Window(left, top, max(0, right - left), max(0, bottom - top))

    def union(self, other: Window) -> Window:
        """The smallest window around two."""
        left, top = min(self.x, other.x), min(self.y, other.y)
        right = max(self.x + self.width, other.x + other.width)
        bottom = max(self.y + self.height, other.y + other.height)
        return Window(left, top, right - left, bottom - top)

    @property
    def area(self) -> int:
        """Pixels in it."""
        return self.width * self.height

    @property
    def empty(self) -> bool:
        """Whether there is no pixel in it."""
        return self.width <= 0 or self.height <= 0

    def within(self, outer: Window) -> tuple[slice, slice]:
        """Rows and columns of this window in an array (H, W, ...) that covers `outer`."""
        top, left = self.y - outer.y, self.x - outer.x
        return slice(top, top + self.height), slice(left, left + self.width)


class Attribute(NamedTuple):
    """One header attribute as OpenImageIO holds it, so that it can be written again unchanged."""

    name: str
    type: Any
    value: Any


@dataclass(frozen=True)
class ImageHeader:
    """Header of one frame; a frame's size is its display window.

    Attributes:
        display: Display window.
        data: Data window: the pixels that the file holds.
        pixel_aspect: Width of a pixel over its height.
        attributes: Those of `CARRIED` that the file has.
    """

    display: Window
    data: Window
    pixel_aspect: float = 1.0
    attributes: tuple[Attribute, ...] = field(default=())

    @classmethod
    def plain(cls, width: int, height: int) -> ImageHeader:
        """Header of a picture that has a size and nothing else."""
        window = Window(0, 0, width, height)
        return cls(window, window)

    @classmethod
    def of_spec(cls, spec: Any) -> ImageHeader:
        """Header out of an OpenImageIO `ImageSpec`."""
        aspect = float(spec.get_float_attribute("PixelAspectRatio", 1.0))
        return cls(
            display=Window(spec.full_x, spec.full_y, spec.full_width, spec.full_height),
            data=Window(spec.x, spec.y, spec.width, spec.height),
            # DPX files leave the field undefined, which reads as infinity or not a number.
            pixel_aspect=aspect if math.isfinite(aspect) and aspect > 0 else 1.0,
            attributes=tuple(
                Attribute(name, a.type, a.value)
                for a in spec.extra_attribs
                if (name := _EXR_NAMES.get(a.name, a.name)) in CARRIED
            ),
        )

    @property
    def width(self) -> int:
        """Width of the display window, in pixels."""
        return self.display.width

    @property
    def height(self) -> int:
        """Height of the display window, in pixels."""
        return self.display.height

    def attribute(self, name: str) -> Any:
        """Value of a carried attribute, or None."""
        return next((a.value for a in self.attributes if a.name == name), None)
