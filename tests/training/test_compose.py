import json
from dataclasses import replace

import numpy as np
import pytest

from dvm_core.bridge.errors import UsageError
from dvm_core.io.header import ImageHeader
from dvm_core.io.rgba_file import Rgba, write_rgba
from dvm_core.training.compose import compose, load_compose_recipe
from dvm_core.training.variety import WILD


@pytest.fixture
def write_recipe(tmp_path, library_folder, library):
    def write(**values):
        small = {
            "size": 64, "frames": 3, "picture_size": 96, "library": str(library_folder), "foregrounds": 12,
            "backgrounds": 6,
        }  # fmt: skip
        path = tmp_path / "compose.json"
        path.write_text(json.dumps({**small, **values}))
        return path

    return write


def test_a_clip_depends_on_recipe_seed_and_number_alone(write_recipe):
    recipe = load_compose_recipe(write_recipe())
    three, two = list(compose(recipe, 3, seed=7)), list(compose(recipe, 2, seed=7))
    for first, second in zip(three, two, strict=False):
        np.testing.assert_array_equal(first.plates, second.plates)
        np.testing.assert_array_equal(first.alphas, second.alphas)
    (other,) = compose(recipe, 1, seed=8)
    assert not np.array_equal(other.plates, three[0].plates)


def test_clips_have_the_recipes_size_and_length(write_recipe):
    (take,) = compose(load_compose_recipe(write_recipe(size=32, frames=5)), 1, seed=0)
    assert take.plates.shape == (5, 32, 32, 3)
    assert take.foregrounds.shape == (5, 32, 32, 3)


def test_stills_of_the_user_are_composed(write_recipe, tmp_path, monkeypatch):
    variety = replace(WILD, paired=0.0)  # one half before another covers three quarters
    monkeypatch.setattr("dvm_core.training.compose.choose", lambda *_: variety)
    block = np.zeros((40, 40), np.float32)
    block[5:35, 5:35] = 0.5
    rgb = np.full((40, 40, 3), 0.3, np.float32)
    (tmp_path / "mine").mkdir()
    write_rgba(tmp_path / "mine/half.png", Rgba(rgb, block, ImageHeader.plain(40, 40)))
    takes = list(compose(load_compose_recipe(write_recipe(stills="mine", stills_share=1.0, frames=1)), 4, seed=1))
    # No procedural foreground is half transparent throughout.
    assert all(take.alphas.max() < 0.55 for take in takes)


def test_paths_count_from_the_recipe(write_recipe, tmp_path):
    recipe = load_compose_recipe(write_recipe(stills="a", photographs="b", movies="c"))
    assert [recipe.stills, recipe.photographs, recipe.movies] == [str(tmp_path / name) for name in "abc"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"frame": 3}, "has no 'frame'; it knows size, frames"),
        ({"frames": "3"}, "'frames' must be like 5, found '3'"),
        ({"frames": 4}, "frames must be odd"),
        ({"size": 128}, "picture_size no less"),
        ({"movie_share": 1.5}, "shares must be in"),
        ({"radius": -1}, "radius must be 0 or more"),
        ({"natural": 1.5}, "shares must be in"),
        ({"foregrounds": 0}, "must be 1 or more"),
    ],
)
def test_a_recipe_that_means_nothing_is_refused(write_recipe, values, message):
    with pytest.raises(UsageError, match=message):
        load_compose_recipe(write_recipe(**values))


@pytest.mark.parametrize("text", ["[1]", "{", ""])
def test_what_is_no_recipe_is_refused(tmp_path, text):
    (tmp_path / "r.json").write_text(text)
    with pytest.raises(UsageError, match="Expected a recipe"):
        load_compose_recipe(tmp_path / "r.json")
