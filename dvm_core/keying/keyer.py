"""A keyer for one clip: it learns the screen from some frames, and then keys every frame by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from dvm_core.bridge.errors import InputError
from dvm_core.keying.despill import despill, spill_strength, unmix
from dvm_core.keying.evidence import Image
from dvm_core.keying.matte import Hints, soft_key
from dvm_core.keying.screen import Screen, clean_plate, find_screen


class Keyed(NamedTuple):
    """A keyed frame.

    Attributes:
        foreground: (H, W, 3) straight scene-linear colour without the card's light.
        alpha: (H, W) in [0, 1].
    """

    foreground: Image
    alpha: Image


@dataclass(frozen=True)
class Keyer:
    """What a clip's frames have in common.

    Attributes:
        screen: Colour of the card.
        spill: The card's light on the foreground's outermost edge, as a part of the light proper.
        despill: How much of it is taken off, 0 to 1.
    """

    screen: Screen
    spill: float
    despill: float = 1.0

    @classmethod
    def learn(
        cls,
        plates: Sequence[Image],
        hints: Sequence[Hints],
        *,
        primary: int | None = None,
        colour: Image | None = None,
        despill: float = 1.0,
    ) -> Keyer:
        """Learn the screen's colour and its spill, as medians over some frames.

        Args:
            plates: Frames of the clip, each (H, W, 3) scene-linear.
            hints: Core and garbage mattes of each.
            primary: Channel of the screen, 1 or 2; None to find it.
            colour: (3,) scene-linear colour of the screen; None to find it.
            despill: How much spill is to be taken off, 0 to 1.

        Raises:
            InputError: There is no screen.
        """
        if colour is None:
            visible = [_visible(_finite(plate), hint) for plate, hint in zip(plates, hints, strict=True)]
            screen = find_screen(visible, primary)
        else:
            screen = Screen(1 if colour[1] >= colour[2] else 2, np.asarray(colour, np.float32))
        strengths = []
        for plate, hint in zip(plates, hints, strict=True):
            alpha, mixed = _mixed(_finite(plate), screen, hint)
            strengths.append(spill_strength(mixed, alpha, screen))
        return cls(screen, float(np.median(strengths)), despill)

    def key(self, plate: Image, hints: Hints | None = None) -> Keyed:
        """Key one frame.

        Args:
            plate: (H, W, 3) scene-linear; NaN counts as 0.
            hints: Core and garbage mattes of its size; None for neither.

        Raises:
            InputError: A matte has another size.
        """
        hints = Hints.none(*plate.shape[:2]) if hints is None else hints
        for name, matte in zip(hints._fields, hints, strict=True):
            if matte.shape != plate.shape[:2]:
                raise InputError(f"Expected a {name} matte of the plate's {plate.shape[:2]}, found {matte.shape}.")
        alpha, mixed = _mixed(_finite(plate), self.screen, hints)
        return Keyed(despill(mixed, alpha, self.screen, self.spill, self.despill), alpha)


def _mixed(plate: Image, screen: Screen, hints: Hints) -> tuple[Image, Image]:
    """Alpha, and straight colour with its spill."""
    card, _ = clean_plate(plate, screen, hints.core | hints.garbage)
    alpha = soft_key(plate, card, screen.primary, hints)
    return alpha, unmix(plate, card, alpha)


def _finite(plate: Image) -> Image:
    return np.nan_to_num(plate, nan=0.0, posinf=65504.0, neginf=0.0).astype(np.float32, copy=False)


def _visible(plate: Image, hints: Hints) -> Image:
    """The plate without what says nothing of the screen."""
    return np.where((hints.core | hints.garbage)[..., None], np.float32(np.nan), plate)
