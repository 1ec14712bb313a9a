"""The demo's hero: a shaggy creature with short fur, long loose hair and a woollen scarf, drawn with exact coverage."""

from __future__ import annotations

import cv2
import motion
import numpy as np
from motion import Array
from strands import Canvas, Rng, Strands, grow, paint

SUPERSAMPLE = 3

_LIGHT = np.array([-0.42, -0.62, 0.66])
_RIM = np.array([0.80, -0.35, -0.25])
FUR, BELLY = np.array([0.40, 0.165, 0.050]), np.array([0.52, 0.33, 0.17])
HAIR = np.array([0.33, 0.085, 0.020])
WOOL, STRIPE = np.array([0.018, 0.14, 0.17]), np.array([0.46, 0.40, 0.28])


class Creature:
    """A creature that can be drawn at any moment.

    Fur is stiff, so it is painted once and then moved as a picture; hair and scarf are painted for every moment.

    Args:
        rng: Source of its every hair.
    """

    def __init__(self, rng: Rng) -> None:
        self._body = _fur(rng, (172, 235), 13000, _body_colour)
        self._head = _fur(rng, (112, 104), 9000, _head_colour)
        _face(self._head)
        self._behind = _hair(rng, 950, length=(80, 200), spread=1.35, shade=0.55)
        self._front = _hair(rng, 850, length=(60, 160), spread=0.95, shade=1.0)
        self._flyaways = _hair(rng, 80, length=(120, 230), spread=1.6, shade=1.25)
        self._beard = _beard(rng, 260)
        self._fringes = _fringes(rng)

    def draw(self, time: float, size: tuple[int, int]) -> Canvas:
        """Premultiplied linear RGB and alpha at `SUPERSAMPLE` times the picture's (height, width), uint8."""
        canvas = np.zeros((size[0] * SUPERSAMPLE, size[1] * SUPERSAMPLE, 4), np.uint8)
        self._hairs(canvas, self._behind, time, (0.5, 0.8, 1.1))
        _over(canvas, self._body, motion.body(time))
        self._scarf(canvas, time)
        _over(canvas, self._head, motion.head(time))
        self._hairs(canvas, self._beard, time, (0.8, 1.2))
        self._hairs(canvas, self._front, time, (0.6, 1.0, 1.5))
        self._hairs(canvas, self._flyaways, time, (0.8, 1.1, 1.6))
        return canvas

    def _hairs(self, canvas: Canvas, strands: Strands, time: float, tone: tuple[float, ...]) -> None:
        paint(canvas, strands.at(time, motion.head), strands.colours, scale=SUPERSAMPLE, tone=tone)

    def _scarf(self, canvas: Canvas, time: float) -> None:
        rows = self._fringes.at(time, motion.body)
        # Woven side by side from the hanging rows: the neck band first, then the loose end.
        paint(canvas, rows, self._fringes.colours, scale=SUPERSAMPLE, width=4, tone=(0.75, 0.95, 1.05, 0.9))


def _over(canvas: Canvas, sprite: Canvas, pose: motion.Pose) -> None:
    """Lay a picture, drawn around its centre at canvas scale, over the canvas."""
    height, width = sprite.shape[:2]
    matrix = pose.matrix()
    matrix[:, 2] *= SUPERSAMPLE
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]]) - [width / 2, height / 2]
    placed = corners @ matrix[:, :2].T + matrix[:, 2]
    low = np.clip(np.floor(placed.min(0)).astype(int), 0, canvas.shape[1::-1])
    high = np.clip(np.ceil(placed.max(0)).astype(int), 0, canvas.shape[1::-1])
    matrix[:, 2] -= matrix[:, :2] @ [width / 2, height / 2] + low
    above = cv2.warpAffine(sprite, matrix, tuple((high - low).tolist()), flags=cv2.INTER_LINEAR)
    below = canvas[low[1] : high[1], low[0] : high[0]]
    through = 255 - above[..., 3:]
    below[:] = above + cv2.multiply(below, np.repeat(through, 4, axis=2), scale=1 / 255)


def _fur(rng: Rng, radii: tuple[int, int], count: int, colour: object) -> Canvas:
    """An ellipsoid covered with short fur, lit from the upper left and from behind on the right."""
    margin = 40
    canvas = np.zeros((2 * (radii[1] + margin) * SUPERSAMPLE, 2 * (radii[0] + margin) * SUPERSAMPLE, 4), np.uint8)
    centre = np.array([radii[0] + margin, radii[1] + margin], dtype=np.float64)
    axes = tuple(int((r - 4) * SUPERSAMPLE) for r in radii)
    cv2.ellipse(
        canvas, tuple((centre * SUPERSAMPLE).astype(int).tolist()), axes, 0, 0, 360, (30, 12, 4, 255), -1, cv2.LINE_AA
    )
    angle, radius = rng.uniform(0, 2 * np.pi, count), np.sqrt(rng.uniform(0, 1, count))
    ball = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)
    ball = ball[np.argsort(-ball[:, 1] + rng.normal(0, 0.08, count))]
    normal = np.concatenate([ball, np.sqrt(np.maximum(0, 1 - (ball**2).sum(1, keepdims=True)))], axis=1)
    # Fur lies outwards and falls down; seen from its tip it is short.
    flow = normal[:, :2] * [1.0, 0.7] + [0, 0.55] + rng.normal(0, 0.22, (count, 2))
    clumps = np.sin(ball @ rng.normal(0, 16, (2, 5)) + rng.uniform(0, 6, 5)).sum(1)
    direction = np.arctan2(flow[:, 1], flow[:, 0]) + 0.16 * clumps
    length = rng.uniform(11, 25, count) * (0.6 + 0.4 * np.hypot(*flow.T))
    points = grow(centre + ball * radii, direction, length, rng.normal(0, 0.5, count), 5)
    light = 0.20 + 0.95 * np.maximum(0, normal @ _LIGHT) + 0.9 * np.maximum(0, normal @ _RIM) * (1 - normal[:, 2]) ** 2
    shade = light * rng.lognormal(0, 0.22, count) * (1 + 0.07 * clumps)
    paint(canvas, points, colour(ball) * shade[:, None], scale=SUPERSAMPLE, width=2, tone=(0.75, 1.15))  # type: ignore[operator]
    return canvas


def _body_colour(ball: Array) -> Array:
    belly = np.exp(-((ball[:, :1] / 0.45) ** 2) - ((ball[:, 1:] - 0.1) / 0.7) ** 2)
    return FUR + (BELLY - FUR) * belly


def _head_colour(ball: Array) -> Array:
    muzzle = np.exp(-((ball[:, :1] / 0.5) ** 2) - ((ball[:, 1:] - 0.52) / 0.34) ** 2)
    return FUR + (BELLY - FUR) * np.minimum(1, 1.3 * muzzle)


def _face(head: Canvas) -> None:
    """Eyes, nose and mouth, painted over the head's fur."""
    centre = np.array(head.shape[1::-1]) / 2

    def blob(x: float, y: float, radii: tuple[float, float], colour: tuple[float, float, float]) -> None:
        at = tuple(((centre + np.array([x, y]) * SUPERSAMPLE) * 16).astype(int).tolist())
        axes = tuple(int(r * SUPERSAMPLE * 16) for r in radii)
        value = (*(255 * c for c in colour), 255)
        cv2.ellipse(head, at, axes, 0, 0, 360, value, -1, cv2.LINE_AA, 4)

    for side in (-1, 1):
        blob(side * 40, 2, (25, 27), (0.03, 0.014, 0.008))
        blob(side * 40, 2, (22.5, 24.5), (0.68, 0.66, 0.60))
        blob(side * 40, 8, (20, 17), (0.80, 0.78, 0.72))
        blob(side * 38 + 2, 4, (14.5, 15.5), (0.10, 0.045, 0.012))
        blob(side * 38 + 2, 6, (12, 11), (0.36, 0.15, 0.025))
        blob(side * 38 + 2, 4, (8, 9), (0.006, 0.005, 0.006))
        blob(side * 38 - 4, -4, (4.2, 4.2), (1.0, 1.0, 1.0))
        blob(side * 38 + 7, 10, (2.0, 2.0), (0.55, 0.6, 0.65))
    blob(0, 38, (15, 10), (0.035, 0.016, 0.014))
    blob(-3, 34, (6, 2.6), (0.26, 0.22, 0.22))
    at = tuple((centre + np.array([0, 50]) * SUPERSAMPLE).astype(int).tolist())
    cv2.ellipse(head, at, (int(27 * SUPERSAMPLE), int(14 * SUPERSAMPLE)), 0, 18, 162, (8, 4, 3, 255), 5, cv2.LINE_AA)


def _hair(rng: Rng, count: int, *, length: tuple[int, int], spread: float, shade: float) -> Strands:
    """Long hair from the crown, in locks that share a bend and break up towards their tips."""
    lock = rng.integers(0, max(count // 9, 1), count)
    locks = lock.max() + 1
    around = rng.uniform(-spread, spread, locks)[lock] + rng.normal(0, 0.07, count)
    up = -np.pi / 2 + around
    roots = np.stack([104 * np.cos(up), 96 * np.sin(up)], axis=-1) * rng.uniform(0.72, 0.96, (count, 1)) - [0, 2]
    direction = -np.pi / 2 + 0.62 * around + 0.10 + rng.normal(0, 0.14, locks)[lock] + rng.normal(0, 0.06, count)
    fall = np.where(around + 0.12 > 0, 1, -1) * rng.uniform(1.0, 2.5, locks)[lock] * (0.7 + 0.3 * np.abs(around))
    long = rng.uniform(*length, locks)[lock] * rng.uniform(0.72, 1.08, count)
    points = grow(roots, direction, long, fall + rng.normal(0, 0.28, count), 16)
    points += (
        1.6 * np.linspace(0, 1, 16)[:, None] * np.sin(np.linspace(0, 9, 16)[:, None] + rng.uniform(0, 6, (count, 1, 1)))
    )
    lit = 0.45 + 0.75 * np.maximum(0, -np.sin(up + 0.5)) + 0.5 * np.maximum(0, np.sin(around)) ** 2
    tint = HAIR * (lit * shade * rng.lognormal(0, 0.3, locks)[lock] * rng.lognormal(0, 0.15, count))[:, None]
    phase = rng.uniform(0, 2 * np.pi, locks)[lock] + rng.normal(0, 0.35, count)
    return Strands(points, tint, long / 75 + rng.normal(0, 0.12, count), phase)


def _beard(rng: Rng, count: int) -> Strands:
    """Whiskery tufts from the cheeks."""
    side = rng.choice([-1.0, 1.0], count)
    out = rng.uniform(0.05, 0.95, count)
    roots = np.stack([side * 101 * np.cos(out), 94 * np.sin(out)], axis=-1) * rng.uniform(0.85, 0.97, (count, 1))
    direction = np.where(side > 0, out, np.pi - out) + rng.normal(0, 0.25, count)
    long = rng.uniform(22, 62, count)
    points = grow(roots, direction, long, side * rng.normal(0.6, 0.4, count), 9)
    lit = np.where(side < 0, 0.95, 0.75) * rng.lognormal(0, 0.25, count)
    return Strands(points, FUR * lit[:, None], long / 60, rng.uniform(0, 2 * np.pi, count))


def _fringes(rng: Rng) -> Strands:
    """A scarf of striped woollen rows: around the neck, and a loose end that blows to the right."""
    rows = 130
    across = np.linspace(-1, 1, rows)
    roots = np.stack([across * 118, -168 + 26 * (1 - across**2)], axis=-1)
    band = grow(roots, np.pi / 2 - 0.25 * across, np.full(rows, 42.0), np.zeros(rows), 9)
    loose = 84
    start = np.stack([78 + np.linspace(0, 10, loose), -148 + np.linspace(-14, 26, loose)], axis=-1)
    end = grow(start, 0.15 + np.linspace(-0.12, 0.22, loose), 205 + rng.uniform(-6, 10, loose), np.full(loose, 0.35), 9)
    points = np.concatenate([band, end])
    stripes = np.concatenate([np.sin(across * 26) > 0.35, np.abs(np.linspace(-1, 1, loose)) < 0.3])
    colours = np.where(stripes[:, None], STRIPE, WOOL) * rng.lognormal(0, 0.12, (rows + loose, 1))
    lit = np.concatenate([1.0 - 0.35 * across, np.full(loose, 0.9)])
    lag = np.concatenate([np.zeros(rows), np.full(loose, 4.5)])
    phase = np.concatenate([np.zeros(rows), np.linspace(0, 0.5, loose)])
    return Strands(points, colours * lit[:, None], lag, phase)
