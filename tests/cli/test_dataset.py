import json

import pytest


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps({"size": 64, "frames": 3, "picture_size": 64, "foregrounds": 2, "backgrounds": 2}))
    return path


def test_clips_are_composed_into_folders_of_files(dvm, recipe, tmp_path):
    ran = dvm("dataset", "compose", recipe, "-o", tmp_path / "clips", "--clips", "2", "--seed", "3")
    assert ran.code == 0, ran.err
    assert ran.out.splitlines() == [str(tmp_path / "clips" / name) for name in ("0000", "0001")]
    names = sorted(path.name for path in (tmp_path / "clips/0001").iterdir())
    kinds = {"alpha": "exr", "foreground": "exr", "plate": "exr", "trimap": "png"}
    assert names == [f"{kind}.{frame:04d}.{end}" for kind, end in kinds.items() for frame in (1, 2, 3)]


def test_equal_seeds_make_equal_files(dvm, recipe, tmp_path):
    for out in ("a", "b"):
        assert dvm("dataset", "compose", recipe, "-o", tmp_path / out, "--clips", "1").code == 0
    for path in (tmp_path / "a/0000").iterdir():
        assert path.read_bytes() == (tmp_path / "b/0000" / path.name).read_bytes(), path.name


def test_a_composed_clip_can_be_matted_and_measured(dvm, recipe, tmp_path):
    assert dvm("dataset", "compose", recipe, "-o", tmp_path / "clips", "--clips", "1").code == 0
    clip = tmp_path / "clips/0000"
    trimap = ("--trimap", clip / "trimap.####.png")
    matted = dvm("matte", clip / "plate.####.exr", *trimap, "-o", clip / "m.####.exr", "--model", "closed-form")
    assert matted.code == 0, matted.err
    assert dvm("eval", clip / "m.####.exr", clip / "alpha.####.exr", *trimap).code == 0


def test_clips_that_are_there_are_kept(dvm, recipe, tmp_path):
    kept = tmp_path / "clips/0001"
    kept.mkdir(parents=True)
    assert dvm("dataset", "compose", recipe, "-o", tmp_path / "clips", "--clips", "2").code == 6
    assert not (tmp_path / "clips/0000").exists()
    assert dvm("dataset", "compose", recipe, "-o", tmp_path / "clips", "--clips", "2", "--overwrite").code == 0


def test_a_recipe_that_is_not_there_is_code_2(dvm, tmp_path):
    ran = dvm("dataset", "compose", tmp_path / "no.json", "-o", tmp_path / "clips")
    assert ran.code == 2
    assert "Expected a recipe file" in ran.err


def test_material_that_is_not_there_is_code_3(dvm, recipe, tmp_path):
    recipe.write_text(json.dumps({**json.loads(recipe.read_text()), "movies": "nowhere"}))
    ran = dvm("dataset", "compose", recipe, "-o", tmp_path / "clips")
    assert ran.code == 3
    assert "Expected movies in" in ran.err
