"""Procedural hair, fur, curls and grass: strands of many widths, laid over one another with exact coverage."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from dvm_core.training.canvas import Canvas
from dvm_core.training.noise import Array, Rng, blob_outline, colour

_FINEST = 0.34  # pixels: one of the canvas's samples


def hair(rng: Rng, size: int) -> tuple[Array, Array]:
    """A head: a solid body with long strands flowing off it in a common direction, clumped, with flyaways.

    Args:
        rng: Source of randomness.
        size: Height and width in pixels.

    Returns:
        Straight colour (size, size, 3) and alpha (size, size), float32 in [0, 1].
    """
    canvas, outline, base = _body(rng, size)
    flow = rng.uniform(0, 2 * np.pi)
    length = size * rng.uniform(0.15, 0.5)
    width = _strand_width(rng)
    parting = rng.uniform(0.2, 1.2)
    first, part = int(rng.integers(len(outline))), rng.uniform(0.15, 1.0)
    for _ in range(int(np.exp(rng.uniform(np.log(30), np.log(450))))):
        # Hair grows on a part of the outline, and from some way inside it.
        root = _root(rng, outline, first, part)
        root = root + (outline.mean(axis=0) - root) * rng.uniform(0, 0.35)
        direction = flow + rng.normal(0, parting)
        clump, bend = _clump_colour(rng, base), rng.normal(0, 1.2)
        reach = length * rng.uniform(0.4, 1.2)
        for _ in range(int(rng.integers(3, 16))):
            start = root + rng.normal(0, size * 0.02, 2)
            points = _strand(
                rng, start, direction + rng.normal(0, 0.12), reach * rng.uniform(0.6, 1.2), 0.04, bend=bend
            )
            _tapered(canvas, points, width * rng.uniform(0.6, 1.4), clump * rng.uniform(0.75, 1.25))
    return canvas.finish()


def wisps(rng: Rng, size: int) -> tuple[Array, Array]:
    """Fine hair that hardly covers: single strands, thinner than a pixel, which part from their locks and one another.

    Half of what hair leaves undecided is seen through. Arguments and result as for `hair`.
    """
    canvas, outline, base = _body(rng, size)
    centre = outline.mean(axis=0)
    length = size * rng.uniform(0.15, 0.5)
    swept, bend = rng.uniform(0, 2 * np.pi), rng.normal(0, 1.5)
    open_, stray = rng.uniform(0.05, 0.35), rng.uniform(0.1, 0.5)
    first, part = int(rng.integers(len(outline))), rng.uniform(0.2, 0.8)
    for _ in range(int(np.exp(rng.uniform(np.log(25), np.log(160))))):
        root = _root(rng, outline, first, part)
        outward = _heading(root - centre)
        # Between the way that the hair stands off and the one that the wind blows.
        way = outward + stray * np.sin(swept - outward) + rng.normal(0, 0.2)
        reach, shade = length * rng.uniform(0.4, 1.2), _clump_colour(rng, base)
        for _ in range(int(rng.integers(1, 14))):
            start = root + (centre - root) * rng.uniform(0, 0.3) + rng.normal(0, size * 0.015, 2)
            turn = bend * rng.uniform(0.5, 1.5) + rng.normal(0, open_)
            points = _strand(rng, start, way + rng.normal(0, open_), reach * rng.uniform(0.5, 1.2), 0.03, bend=turn)
            canvas.line(points, _FINEST, shade * np.float32(rng.uniform(0.8, 1.2)))
    return canvas.finish()


def fur(rng: Rng, size: int) -> tuple[Array, Array]:
    """An animal's coat: short dense strands standing off the whole outline; arguments and result as for `hair`."""
    canvas, outline, base = _body(rng, size)
    centre = outline.mean(axis=0)
    length = size * rng.uniform(0.02, 0.13)
    width = _strand_width(rng)
    lean, unruly = rng.normal(0, 0.7), rng.uniform(0.1, 0.5)
    deep = rng.uniform(0.05, 0.9)
    for _ in range(int(rng.integers(600, 2600))):
        at = rng.uniform(0, len(outline))
        first, second = outline[int(at)], outline[(int(at) + 1) % len(outline)]
        root = first + (second - first) * (at % 1.0)
        inward = (centre - root) * rng.uniform(0.0, deep)
        outward = _heading(root - centre) + lean + rng.normal(0, unruly)
        points = _strand(rng, root + inward, outward, length * rng.uniform(0.5, 1.3), 0.12, points=12)
        _tapered(canvas, points, width * rng.uniform(0.6, 1.3), _clump_colour(rng, base))
    return canvas.finish()


def curls(rng: Rng, size: int) -> tuple[Array, Array]:
    """Curled hair: strands that wind into loops around their way; arguments and result as for `hair`."""
    canvas, outline, base = _body(rng, size)
    centre = outline.mean(axis=0)
    width = _strand_width(rng)
    loop = size * rng.uniform(0.008, 0.035)
    turns = rng.uniform(3, 12)
    for _ in range(int(rng.integers(60, 260))):
        root = outline[rng.integers(len(outline))] + rng.normal(0, size * 0.01, 2)
        outward = _heading(root - centre) + rng.normal(0, 0.6)
        path = _strand(rng, root, outward, size * rng.uniform(0.05, 0.3), 0.1, points=48)
        phase = np.linspace(0, turns * 2 * np.pi, len(path)) + rng.uniform(0, 2 * np.pi)
        winding = np.stack([np.cos(phase), np.sin(phase)], axis=1) * loop * rng.uniform(0.5, 1.3)
        canvas.line((path + winding).astype(np.float32), width, _clump_colour(rng, base))
    return canvas.finish()


def grass(rng: Rng, size: int) -> tuple[Array, Array]:
    """Blades and wires that cross the picture from one side, without any body; arguments and result as for `hair`."""
    canvas = Canvas(size)
    base = colour(rng)
    heading = rng.uniform(0, 2 * np.pi)
    side = np.array([-np.sin(heading), np.cos(heading)])
    along = np.array([np.cos(heading), np.sin(heading)])
    width = rng.uniform(0.3, 6.0)
    for _ in range(int(rng.integers(8, 160))):
        root = size / 2 - along * size * rng.uniform(0.3, 0.8) + side * size * rng.uniform(-0.7, 0.7)
        points = _strand(rng, root, heading + rng.normal(0, 0.25), size * rng.uniform(0.3, 1.3), 0.04)
        canvas.line(points, max(0.3, width * rng.lognormal(0, 0.4)), _clump_colour(rng, base))
    return canvas.finish()


def _body(rng: Rng, size: int) -> tuple[Canvas, Array, Array]:
    """A solid shape somewhere in the picture, sometimes cropped by its border.

    Returns:
        The canvas that it is drawn on, its outline, and the colour of what grows on it.
    """
    canvas = Canvas(size)
    centre = (size * rng.uniform(0.2, 0.8), size * rng.uniform(0.2, 0.8))
    outline = blob_outline(rng, centre, size * rng.uniform(0.12, 0.4), rng.uniform(0.0, 0.25))
    base = colour(rng)
    canvas.polygon([outline], _skin(rng, base))
    return canvas, outline, base


def _root(rng: Rng, outline: Array, first: int, part: float) -> Array:
    """A point of the part of an outline that hair grows on, which begins at its point `first`."""
    point: Array = outline[int(first + rng.uniform(0, part) * len(outline)) % len(outline)]
    return point


def _heading(way: Array) -> float:
    """Of a way (x, y), in radians."""
    return float(np.arctan2(way[1], way[0]))


def _skin(rng: Rng, hair_colour: Array) -> Array:
    """The body's colour: a shade of the hair's, or one of its own, where the known colours tell little of the hair."""
    own = np.float32(rng.uniform(0.3, 1.0) if rng.random() < 0.4 else 0.0)
    return np.asarray((hair_colour + own * (colour(rng) - hair_colour)) * np.float32(rng.uniform(0.5, 1.0)))


def _strand_width(rng: Rng) -> float:
    """From a third of a pixel to a thick wire; fine hair is the rule."""
    return float(np.clip(rng.lognormal(-0.6, 0.6), _FINEST, 4.0))


def _tapered(canvas: Canvas, points: Array, width: float, rgb: Array) -> None:
    """Draw a strand that grows thinner to its tip."""
    third = len(points) // 3
    for part, share in enumerate((1.0, 0.75, 0.45)):
        canvas.line(points[part * third : (part + 1) * third + 1], max(_FINEST, width * share), rgb)


def _clump_colour(rng: Rng, base: Array) -> Array:
    return np.clip(base * rng.lognormal(0, 0.25) + rng.normal(0, 0.03, 3), 0.0, 1.0).astype(np.float32)


def _strand(
    rng: Rng,
    root: ArrayLike,
    heading: float,
    length: float,
    wander: float,
    *,
    points: int = 24,
    bend: float | None = None,
) -> Array:
    """A path whose heading bends steadily and wanders a little.

    Args:
        rng: Source of randomness.
        root: x and y in pixels.
        heading: At the root, in radians.
        length: In pixels.
        wander: Standard deviation of the heading's steps, in radians.
        points: To return.
        bend: Turn over the whole length, in radians; None for any.

    Returns:
        (points, 2) float32, x and y in pixels.
    """
    step = length / points
    turn = (rng.normal(0, 1.2) if bend is None else bend) / points
    turns = heading + np.arange(points) * turn + np.cumsum(rng.normal(0, wander, points))
    walk = np.cumsum(np.stack([np.cos(turns), np.sin(turns)], axis=1) * step, axis=0)
    return (np.asarray(root) + walk).astype(np.float32)
