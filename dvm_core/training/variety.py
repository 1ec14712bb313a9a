"""How far takes stray from what a camera sees: every share and spread of recombination, in one place.

Wild takes keep a network from relying on what pictures usually look like: any colours, any light, any band. Natural
ones look like a shot: what is usual is worth knowing, too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from dvm_core.training.noise import Rng


@dataclass(frozen=True)
class Variety:
    """A manner of composing; shares are of foregrounds unless something else is named, spreads are in stops.

    Attributes:
        dressed: Share in another picture's colours.
        patched: Share in wide patches of them; part of `dressed`.
        thin: Share that lets light through.
        rimmed: Share whose colour changes towards what is thin.
        alike: Share whose mean colour is the background's.
        paired: Share with a soft one before it; behind hair it would teach that gaps are covered.
        unsharp: Share out of focus.
        blurred: Share of takes with an open shutter.
        spun: Share whose foreground spins under it.
        flung: Share of windows whose foreground moves too fast to be found again: blades, what is thrown, gusts.
        swapped: Share of pictures whose channels are swapped.
        grey: Share of pictures that lose most of their colour: smoke, dust, grey hair, a wall.
        exposure: Spread of each layer's exposure.
        tint: Spread of each channel of a layer.
        light: Spread of the camera's exposure, and the least and the most of it.
        cast: Spread of the camera's colour cast.
        grain: Shares of takes without grain, with fine and with coarse grain.
        quality: Lowest quality of JPEG compression, of 100.
        trimaps: Shares of trimaps that are even, uneven, loose, drawn, open and ragged; see `trimaps`.
        reach: Least and most that plain trimaps are dilated by, in pixels.
        radius: Dilation of all trimaps, which are even then; None for trimaps of every kind.
    """

    dressed: float = 0.28
    patched: float = 0.14
    thin: float = 0.12
    rimmed: float = 0.35
    alike: float = 0.06
    paired: float = 0.08
    unsharp: float = 0.22
    blurred: float = 0.3
    spun: float = 0.0
    flung: float = 0.3
    swapped: float = 0.5
    grey: float = 0.15
    exposure: float = 0.35
    tint: float = 0.08
    light: tuple[float, float, float] = (0.4, -1.0, 0.7)
    cast: float = 0.06
    grain: tuple[float, float, float] = (0.4, 0.5, 0.1)
    quality: int = 45
    trimaps: tuple[float, ...] = (0.45, 0.13, 0.05, 0.13, 0.06, 0.18)
    reach: tuple[int, int] = (2, 25)
    radius: int | None = None


WILD = Variety()
NATURAL = Variety(
    dressed=0.06,
    patched=0.03,
    thin=0.26,
    rimmed=0.5,
    unsharp=0.3,
    blurred=0.38,
    spun=0.2,
    swapped=0.0,
    grey=0.1,
    exposure=0.25,
    tint=0.06,
    light=(0.2, -0.5, 0.4),
    cast=0.03,
    grain=(0.4, 0.6, 0.0),
    quality=70,
    trimaps=(0.52, 0.11, 0.04, 0.09, 0.09, 0.15),
    reach=(2, 16),
)


def propagated(variety: Variety) -> Variety:
    """The same manner with trimaps as they come from propagation: none is even, many have lost what is solid."""
    return replace(variety, trimaps=(0.0, 0.2, 0.1, 0.1, 0.3, 0.3))


def choose(rng: Rng, natural: float) -> Variety:
    """`NATURAL` for a share of the takes, `WILD` for the others."""
    return NATURAL if rng.random() < natural else WILD
