"""The keyer against a plain chroma-difference key, before a screen lit unevenly, with exact alpha.

    python -m benchmarks.keyer [--stills FOLDER] [--frames 3] [--pictures FOLDER]

Without `--stills` the evaluation's rendered clips are keyed; with it, pictures with alpha that `rendering.stills` made,
each softened a little and put before the same card (green ones before a blue card, as one would do). SAD is over whole
frames, in thousands. Spill is the mean CIE Lab chroma error at truly mixed pixels (2 % < alpha < 98 %) of a composite
over 18 % grey against the true composite; beside it what a perfect matte with the spilled colour would have.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.evaluation.clips import FRAMES, compose, grainy
from benchmarks.evaluation.greenscreen import KEYED, GreenFrame, card, chroma_difference, green_frame, spilled
from benchmarks.evaluation.pictures import display, linear
from benchmarks.evaluation.scores import geometric_mean
from dvm_core.keying.keyer import Keyed, Keyer
from dvm_core.keying.matte import Hints

Image = NDArray[np.float32]

GREY = np.float32(0.18)
SOFTNESS = 0.5
"""Standard deviation of the stills' lens, in pixels."""

BLUE = (0, 2, 1)
"""Order of channels that makes the green card a blue one."""


def clips(frames: int) -> Iterator[tuple[str, list[GreenFrame]]]:
    """Frames of every clip, evenly spaced."""
    chosen = np.linspace(0, FRAMES - 1, frames).round().astype(int)
    for name in KEYED:
        try:
            yield name, [green_frame(name, int(frame)) for frame in chosen]
        except FileNotFoundError:
            print(f"{name} is not there: see docs/EVALUATION.md", flush=True)


def stills(folder: Path) -> Iterator[tuple[str, list[GreenFrame]]]:
    """Every picture of a folder as a clip of one frame."""
    for number, path in enumerate(sorted(folder.glob("*.png"))):
        picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        picture = picture.astype(np.float32) / np.iinfo(picture.dtype).max
        light = linear(picture[..., 2::-1])
        yield path.stem, [before_card(light, picture[..., 3], np.random.default_rng(number))]


def before_card(light: Image, alpha: Image, rng: np.random.Generator) -> GreenFrame:
    """A picture before the card whose colour it has less of."""
    mean = (light * alpha[..., None]).sum(axis=(0, 1))
    order = BLUE if mean[1] > max(mean[0], mean[2]) else (0, 1, 2)
    soft = cv2.GaussianBlur(alpha, (0, 0), SOFTNESS)
    colour = cv2.GaussianBlur(light * alpha[..., None], (0, 0), SOFTNESS) / np.maximum(soft, 1e-3)[..., None]
    colour = np.where(soft[..., None] > 1e-3, colour, light)[..., order].astype(np.float32)
    plate = grainy(compose(spilled(colour, soft), soft, card(soft.shape)), 1.0, rng)
    return GreenFrame(plate[..., order], soft, colour[..., order])


def plain_sad(frame: GreenFrame) -> float:
    """SAD of the plain key with the one screen colour that is picked by hand, in thousands."""
    order = BLUE if np.median(frame.plate[..., 2]) > np.median(frame.plate[..., 1]) else (0, 1, 2)
    plate = frame.plate[..., order]
    empty = frame.alpha == 0
    screen = np.median(plate[empty] if empty.any() else card(frame.alpha.shape).reshape(-1, 3), axis=0)
    return sad(chroma_difference(plate, screen), frame.alpha)


def sad(alpha: Image, truth: Image) -> float:
    """Sum of absolute differences, in thousands."""
    return float(np.abs(alpha - truth).sum() / 1000)


def chroma_error(foreground: Image, alpha: Image, frame: GreenFrame) -> float:
    """Of a composite over grey against the true one, at mixed pixels, in units of CIE Lab."""
    mixed = (frame.alpha > 0.02) & (frame.alpha < 0.98)
    if not mixed.any():
        return 0.0
    difference = (lab(over_grey(foreground, alpha)) - lab(over_grey(frame.foreground, frame.alpha)))[mixed]
    return float(np.hypot(difference[:, 1], difference[:, 2]).mean())


def over_grey(foreground: Image, alpha: Image) -> Image:
    """A composite in linear light."""
    return np.asarray(alpha[..., None] * foreground + (1 - alpha[..., None]) * GREY, np.float32)


def lab(light: Image) -> Image:
    """Scene-linear light as CIE Lab."""
    return np.asarray(cv2.cvtColor(display(light), cv2.COLOR_RGB2Lab))


def picture(frame: GreenFrame, keyed: Keyed) -> Image:
    """Plate, alpha, true alpha, composite over grey, true composite; side by side."""
    parts = [display(frame.plate)]
    parts += [np.repeat(alpha[..., None], 3, axis=2) for alpha in (keyed.alpha, frame.alpha)]
    parts += [display(over_grey(*keyed)), display(over_grey(frame.foreground, frame.alpha))]
    return np.hstack(parts)


def main() -> None:
    """Key everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stills", type=Path)
    parser.add_argument("--frames", type=int, default=3)
    parser.add_argument("--pictures", type=Path)
    options = parser.parse_args()
    print("| clip | plain SAD | keyer SAD | ratio | chroma error | of spill alone | spill found |")
    print("|---|---|---|---|---|---|---|")
    rows = []
    for name, frames in stills(options.stills) if options.stills else clips(options.frames):
        keyer = Keyer.learn([frame.plate for frame in frames], [Hints.none(*frame.alpha.shape) for frame in frames])
        keyed = [keyer.key(frame.plate) for frame in frames]
        pairs = list(zip(keyed, frames, strict=True))
        plain = float(np.mean([plain_sad(frame) for frame in frames]))
        ours = float(np.mean([sad(result.alpha, frame.alpha) for result, frame in pairs]))
        error = float(np.mean([chroma_error(*result, frame) for result, frame in pairs]))
        spill = np.mean([chroma_error(spilled(f.foreground, f.alpha), f.alpha, f) for f in frames])
        rows.append((ours / plain, error))
        print(
            f"| {name} | {plain:.3f} | {ours:.3f} | {ours / plain:.3f} | {error:.2f} | {spill:.2f} | "
            f"{keyer.spill:.2f} |",
            flush=True,
        )
        if options.pictures:
            options.pictures.mkdir(parents=True, exist_ok=True)
            shown = np.round(picture(frames[0], keyed[0])[..., ::-1] * 255).astype(np.uint8)
            cv2.imwrite(str(options.pictures / f"{name}.png"), shown)
    ratios, errors = zip(*rows, strict=True)
    print(
        f"| all | | | {geometric_mean(ratios):.3f} (worst {max(ratios):.3f}) | {np.median(errors):.2f} (median) | | |"
    )


if __name__ == "__main__":
    main()
