import json
from importlib import resources

import pytest

from dvm_core.bridge.errors import UsageError
from dvm_core.training.recipe import Recipe, load_recipe


def test_a_recipe_left_empty_is_the_default(tmp_path):
    path = tmp_path / "recipe.json"
    path.write_text("{}")
    assert load_recipe(path) == Recipe()


def test_a_recipe_reads_nested_numbers(tmp_path):
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps({"sizes": [64, 96], "shares": [1, 2], "losses": {"temporal": 2}}))
    recipe = load_recipe(path)
    assert recipe.sizes == (64, 96)
    assert recipe.losses.temporal == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"stepz": 3}', "stepz"),
        ('{"steps": "many"}', "many"),
        ('{"steps": true}', "True"),
        ('{"data": {"sead": 1}}', "sead"),
        ('{"data": 3}', "data"),
        ('{"sizes": []}', "sizes"),
        ('{"steps": 0}', "1 or more"),
        ('{"warmup": -1}', "warmup and loaders must be 0 or more"),
        ('{"sizes": [100], "shares": [1]}', "multiples of 32"),
        ('{"sizes": [512], "shares": [1]}', "picture_size"),
        ('{"sizes": [96, 128], "shares": [1]}', "one share"),
        ('{"sizes": [96], "shares": [0]}', "not all of them 0"),
        ('{"alone": 1.5}', "alone, natural and keyed"),
        ('{"data": {"natural": -0.1}}', "alone, natural and keyed"),
        ('{"data": {"natural": NaN}}', "alone, natural and keyed"),
        ('{"data": {"rendered_share": 1}}', "with 1 left out"),
        ('{"data": {"foregrounds": 0}}', "foregrounds and backgrounds"),
        ("[1]", "object"),
        ("{", "JSON"),
    ],
)
def test_a_recipe_that_is_wrong_is_refused_by_name(tmp_path, text, says):
    path = tmp_path / "recipe.json"
    path.write_text(text)
    with pytest.raises(UsageError, match=says):
        load_recipe(path)


def test_a_missing_recipe_is_refused(tmp_path):
    with pytest.raises(UsageError, match="none that can be read"):
        load_recipe(tmp_path / "none.json")


@pytest.mark.parametrize("name", ["lite_stills.json", "lite_stills_on.json", "lite_windows.json"])
def test_the_recipes_of_the_shipped_weights_are_valid(name):
    recipe = load_recipe(resources.files("dvm_core.training") / "recipes" / name)
    assert recipe.window == ("windows" in name)
