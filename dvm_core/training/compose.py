"""Training clips as files: the generator that training uses, and movies that a user has, from a recipe and a seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dvm_core.training.library import Library, add_photographs, make_library
from dvm_core.training.material import find_movies, read_stills
from dvm_core.training.movies import Cut, movie_take
from dvm_core.training.recipe_file import keep, read_recipe
from dvm_core.training.synthetic import Take, make_take
from dvm_core.training.variety import choose


@dataclass(frozen=True)
class ComposeRecipe:
    """What clips are composed from, and how large they are; paths count from the recipe file.

    Attributes:
        size: Height and width of a clip in pixels.
        frames: Frames of a clip, an odd number.
        radius: Dilation of plain trimaps in pixels; 0 for trimaps of every kind, as training uses them.
        natural: Share of clips that look like a shot, in colours, light and trimaps; in [0, 1].
        library: Folder that the procedural pictures are kept in; made if missing.
        foregrounds: Procedural foregrounds.
        backgrounds: Procedural backgrounds.
        picture_size: Height and width of the library's pictures in pixels, at least `size`.
        library_seed: Of the procedural pictures.
        stills: Folder of PNG, TIFF or EXR pictures with alpha, for instance of `rendering.stills`; empty for none.
        stills_share: How often a foreground is one of these, in [0, 1].
        photographs: Folder of PNG or JPEG photographs for backgrounds; empty for none.
        photograph_share: How often a background is one of these, in [0, 1).
        movies: Root of a data set with `fg/video/train/0000/{a,f}.mp4` and `bg/train/0000.mp4`; empty for none.
        movie_share: How often a clip is made of its movies, in [0, 1].
    """

    size: int = 320
    frames: int = 5
    radius: int = 0
    natural: float = 0.0
    library: str = "training-library"
    foregrounds: int = 60
    backgrounds: int = 40
    picture_size: int = 448
    library_seed: int = 1
    stills: str = ""
    stills_share: float = 0.5
    photographs: str = ""
    photograph_share: float = 0.5
    movies: str = ""
    movie_share: float = 0.5


def load_compose_recipe(path: str | Path) -> ComposeRecipe:
    """Read a recipe from a JSON file: an object of `ComposeRecipe`'s names, those left out at their defaults.

    Raises:
        UsageError: No such file, no JSON, a name or value that no recipe has, or numbers that mean nothing.
    """
    path = Path(path)
    recipe = read_recipe(ComposeRecipe, path)
    keep(_rules(recipe), path)

    def beside(folder: str) -> str:
        return str(path.parent / folder) if folder else ""

    return replace(
        recipe,
        library=beside(recipe.library),
        stills=beside(recipe.stills),
        photographs=beside(recipe.photographs),
        movies=beside(recipe.movies),
    )


def _rules(recipe: ComposeRecipe) -> dict[str, bool]:
    return {
        "frames must be odd, 1 or more": recipe.frames > 0 and recipe.frames % 2 == 1,
        "size must be 32 pixels or more, and picture_size no less": 32 <= recipe.size <= recipe.picture_size,
        "radius must be 0 or more": recipe.radius >= 0,
        "foregrounds and backgrounds must be 1 or more": min(recipe.foregrounds, recipe.backgrounds) > 0,
        "shares must be in [0, 1], that of photographs below 1": 0 <= recipe.photograph_share < 1
        and all(0 <= share <= 1 for share in (recipe.stills_share, recipe.movie_share, recipe.natural)),
    }


def compose(recipe: ComposeRecipe, clips: int, seed: int) -> Iterator[Take]:
    """Compose clips one after the other; each depends on the recipe, the seed and its number alone.

    Args:
        recipe: What from.
        clips: How many.
        seed: Another seed gives other clips.

    Raises:
        InputError: The user's material is missing or cannot be used.
        UsageError: There are movies, and PyAV is not installed.
    """
    library = _library(recipe)
    stills = read_stills(Path(recipe.stills), recipe.picture_size) if recipe.stills else None
    pairs, scenes = find_movies(Path(recipe.movies)) if recipe.movies else ([], [])
    for number in range(clips):
        rng = np.random.default_rng([seed, number])
        still = stills is not None and rng.random() < recipe.stills_share
        variety = replace(choose(rng, recipe.natural), radius=recipe.radius or None)
        chosen = Library(stills, library.backgrounds) if still and stills is not None else library
        if (pairs or scenes) and rng.random() < recipe.movie_share:
            yield movie_take(chosen, rng, Cut(recipe.size, recipe.frames, variety), pairs, scenes)
        else:
            yield make_take(chosen, rng, recipe.size, frames=recipe.frames, variety=variety)


def _library(recipe: ComposeRecipe) -> Library:
    library = make_library(
        Path(recipe.library),
        foregrounds=recipe.foregrounds,
        backgrounds=recipe.backgrounds,
        size=recipe.picture_size,
        seed=recipe.library_seed,
    )
    if not recipe.photographs:
        return library
    return add_photographs(library, Path(recipe.photographs), recipe.photograph_share)
