"""Names of colour spaces: Nuke's, and what the engine knows them by."""

from typing import NamedTuple

WORKING = "working space"
"""What the node's `colorspace` says for pixels as Nuke has them between nodes."""

_NUKES_OWN = {"linear": "lin_rec709_scene", "sRGB": "srgb_rec709_scene"}
"""Spaces of Nuke's own colour management that mean the same to the engine, by their Color Interop Forum names."""


class Management(NamedTuple):
    """A script's colour management.

    Attributes:
        ocio: Whether names are those of an OpenColorIO configuration, and not Nuke's own.
        working: The working space, by the script's name for it.
        config: File of the configuration, where the script names one; else "".
    """

    ocio: bool
    working: str
    config: str

    def engine_name(self, name: str) -> str:
        """What the engine calls a space, or "" if that is not sure.

        Nuke writes roles and defaults with the space behind them, `scene_linear (ACES - ACEScg)`, and families with a
        slash before it.
        """
        plain = name.strip()
        if plain.endswith(")") and "(" in plain:
            plain = plain[plain.rindex("(") + 1 : -1]
        plain = plain.rpartition("/")[2].strip()
        return plain if self.ocio else _NUKES_OWN.get(plain, "")

    @property
    def engine_working(self) -> str:
        """What the engine calls the working space; `auto` leaves an unknown one to it."""
        return self.engine_name(self.working) or "auto"
