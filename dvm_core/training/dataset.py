"""Batches for training: each depends on the recipe and its step alone, so that a run can stop and go on anywhere."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from dvm_core.model.colour_model import KnownColours
from dvm_core.model.cues import network_input
from dvm_core.training.library import Library, add_photographs, add_rendered, make_library
from dvm_core.training.noise import Rng
from dvm_core.training.recipe import Data, Recipe
from dvm_core.training.synthetic import Take, make_take
from dvm_core.training.trimaps import trimap_of
from dvm_core.training.variety import choose, propagated

Batch = dict[str, Tensor]
"""`frames` (N, T, C, H, W) network input; `alpha` and `unknown` (N, T, 1, H, W); `contrast` (N, T, 3, H, W);
`alone`, whether neighbours are to be left out."""

_SURROUND = 64  # pixels composed beyond a crop, often: cues are computed on whole frames
_SURROUNDED = 0.3  # how often
_KEY_BAND = (3, 13)  # pixels that a key's trimap reaches beyond what is mixed


def open_library(data: Data) -> Library:
    """The pictures that a recipe asks for, made where they are missing."""
    library = make_library(
        Path(data.library),
        foregrounds=data.foregrounds,
        backgrounds=data.backgrounds,
        size=data.picture_size,
        seed=data.seed,
    )
    if data.rendered:
        library = add_rendered(library, Path(data.rendered), data.rendered_share)
    if data.photographs:
        library = add_photographs(library, Path(data.photographs), data.photograph_share)
    return library


class Batches(Dataset[Batch]):
    """Item `number` is a composed batch; `recipe.repeats` steps use it, each time turned another way.

    Args:
        recipe: Sizes, shares, seed.
        library: Pictures to compose from.
    """

    def __init__(self, recipe: Recipe, library: Library) -> None:
        self._recipe = recipe
        self._library = library

    def __len__(self) -> int:
        """Batches that all steps of the recipe take."""
        return -(-self._recipe.steps // self._recipe.repeats)

    def __getitem__(self, number: int) -> Batch:
        """Compose a batch."""
        recipe = self._recipe
        rng = np.random.default_rng([recipe.seed, int(recipe.window), number])
        shares = np.array(recipe.shares) / np.sum(recipe.shares)
        size = int(rng.choice(recipe.sizes, p=shares))
        frames = 3 if recipe.window else 1
        count = max(1, round(recipe.pixels / (frames * size * size)))
        samples = [self._sample(rng, size, frames) for _ in range(count)]
        batch = {name: torch.from_numpy(np.stack([sample[name] for sample in samples])) for name in samples[0]}
        return batch | {"alone": torch.tensor(recipe.window and rng.random() < recipe.alone)}

    def _sample(self, rng: Rng, size: int, frames: int) -> dict[str, np.ndarray]:
        largest = self._library.foregrounds.shape[1]
        side = min(largest, size + _SURROUND) if rng.random() < _SURROUNDED else size
        variety = choose(rng, self._recipe.data.natural)
        keyed = rng.random() < self._recipe.data.keyed
        take = make_take(self._library, rng, side, frames=frames, variety=propagated(variety) if keyed else variety)
        row, column = _look_at_unknown(take, rng, size)
        keys = _known_by_a_key(take, rng) if keyed else None
        return _arrays(take, keys, slice(row, row + size), slice(column, column + size))


def load(recipe: Recipe, library: Library, first: int) -> Iterator[Batch]:
    """The batches of a recipe's steps from one step on, composed ahead in processes of their own, on its device."""
    batches = Batches(recipe, library)
    loader = DataLoader(
        batches,
        batch_size=None,
        sampler=range(first // recipe.repeats, len(batches)),
        num_workers=recipe.loaders,
        prefetch_factor=6 if recipe.loaders else None,
        worker_init_fn=_start_loader,
        pin_memory=recipe.device != "cpu",
    )
    step = first - first % recipe.repeats
    for composed in loader:
        batch = on_device(composed, recipe.device)
        for turn in range(recipe.repeats):
            if first <= step < recipe.steps:
                yield turned(batch, turn)
            step += 1


def turned(batch: Batch, turn: int) -> Batch:
    """The batch mirrored (odd turns) and turned over its diagonal (every second pair of turns)."""
    if turn % 2:
        batch = {name: value.flip(-1) if value.ndim else value for name, value in batch.items()}
    if turn // 2 % 2:
        batch = {name: value.transpose(-1, -2) if value.ndim else value for name, value in batch.items()}
    return batch


def on_device(batch: Batch, device: str) -> Batch:
    """A batch on a device; single values stay on the CPU, for asking a GPU for one waits for all else on it."""
    return {name: value.to(device, non_blocking=True) if value.ndim else value for name, value in batch.items()}


def _start_loader(_: int) -> None:
    """Loaders are one thread each. OpenCV's threads are set before the fork (`train`): changing them after it hangs.

    Ctrl-C reaches every process of a terminal; it is the optimiser's to stop, which needs its loaders until then.
    """
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _look_at_unknown(take: Take, rng: Rng, size: int) -> tuple[int, int]:
    """First row and column of a crop that holds an unknown pixel of the middle frame, if there is one."""
    trimap = take.trimaps[len(take.trimaps) // 2]
    last = trimap.shape[0] - size
    rows, columns = np.nonzero(trimap == 128)
    if last == 0 or len(rows) == 0:
        return int(rng.integers(last + 1)), int(rng.integers(last + 1))
    at = int(rng.integers(len(rows)))
    row, column = (int(np.clip(where[at] - rng.integers(size), 0, last)) for where in (rows, columns))
    return row, column


def _known_by_a_key(take: Take, rng: Rng) -> KnownColours:
    """What a key on the take's first frame knows, whose band is even."""
    return KnownColours.of(take.plates[0], trimap_of(take.alphas[0], int(rng.integers(*_KEY_BAND))))


def _arrays(take: Take, keys: KnownColours | None, rows: slice, columns: slice) -> dict[str, np.ndarray]:
    inputs = [network_input(*frame, keys) for frame in zip(take.plates, take.trimaps, strict=True)]
    trimaps = take.trimaps[:, None, rows, columns]
    return {
        "frames": np.stack(inputs)[..., rows, columns],
        "alpha": take.alphas[:, None, rows, columns],
        "unknown": trimaps == 128,
        "contrast": np.ascontiguousarray(take.contrasts[:, rows, columns].transpose(0, 3, 1, 2)),
    }
