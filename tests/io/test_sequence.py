from pathlib import Path

import pytest

from dvm_core.bridge.errors import InputError, UsageError
from dvm_core.io.sequence import find_sequence, output_path, output_paths


@pytest.fixture
def folder(tmp_path):
    """A folder with the files that the test names."""

    def make(*names):
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
        return tmp_path

    return make


@pytest.mark.parametrize(
    "pattern", ["plate.####.exr", "plate.#.exr", "plate.%04d.exr", "plate.@@@@.exr", "plate.$F4.exr"]
)
def test_every_writing_of_a_pattern_finds_the_same_frames(folder, pattern):
    there = folder(
        "plate.1001.exr", "plate.1003.exr", "plate.0999.exr", "plate.12.exr", "plate.1001.exr.part", "b.1001.exr"
    )
    sequence = find_sequence(there / pattern)
    assert sequence.frames == (999, 1001, 1003)
    assert sequence.path(1003) == there / "plate.1003.exr"
    assert sequence.single is None


def test_a_range_in_the_pattern_keeps_to_its_frames(folder):
    there = folder("plate.1000.exr", "plate.1001.exr", "plate.1003.exr", "plate.1101.exr")
    assert find_sequence(there / "plate.1001-1100#.exr").frames == (1001, 1003)


def test_two_hashes_are_two_digits(folder):
    there = folder("a.07.png", "a.0007.png", "a.123.png")
    assert find_sequence(there / "a.##.png").frames == (7, 123)


def test_frames_may_be_negative(folder):
    there = folder("a.-002.exr", "a.0000.exr", "a.0001.exr")
    sequence = find_sequence(there / "a.####.exr")
    assert sequence.frames == (-2, 0, 1)
    assert sequence.path(-2).is_file()


def test_a_relative_pattern_counts_from_the_working_folder(folder, monkeypatch):
    monkeypatch.chdir(folder("a.0001.exr", "sub/b.0002.exr"))
    assert find_sequence("a.####.exr").frames == (1,)
    assert find_sequence("./sub/b.####.exr").frames == (2,)
    assert find_sequence("sub/../sub").frames == (2,)
    assert find_sequence("sub/../sub").path(2).is_file()


def test_a_folder_with_one_sequence_is_that_sequence(folder):
    there = folder("plate.1001.exr", "plate.1002.exr", "notes.txt", ".plate.1003.exr.9-0.part", ".DS_Store")
    sequence = find_sequence(there)
    assert sequence.frames == (1001, 1002)
    assert sequence.path(1001) == there / "plate.1001.exr"


def test_a_folder_of_several_sequences_is_refused_by_naming_them(folder):
    there = folder("plate.1001.exr", "plate.1002.exr", "clean.1001.exr")
    with pytest.raises(InputError, match=r"more than one plate \(clean.*, plate.*1001-1002\); name one by its pattern"):
        find_sequence(there)


def test_a_folder_of_two_takes_is_not_a_sequence_of_movies(folder):
    with pytest.raises(InputError, match="more than one plate"):
        find_sequence(folder("take1.mov", "take2.mov"))


def test_a_folder_without_pictures_is_refused(folder):
    with pytest.raises(InputError, match="has no picture for the trimap"):
        find_sequence(folder("notes.txt"), "trimap")


@pytest.mark.parametrize(
    ("name", "frame"),
    [("plate.1001.exr", 1001), ("plate_0007.png", 7), ("plate-0012.png", 12), ("0042.exr", 42), ("a.-003.exr", -3)],
)
def test_a_single_file_has_the_number_in_its_name(folder, name, frame):
    there = folder(name)
    sequence = find_sequence(there / name)
    assert sequence.frames == (frame,)
    assert sequence.path(frame) == there / name
    assert find_sequence(there).frames == (frame,)


@pytest.mark.parametrize("name", ["key_v2.png", "garbage.png", "mark2.exr"])
def test_a_version_is_no_frame_number(folder, name):
    there = folder(name)
    sequence = find_sequence(there / name)
    assert sequence.frames == ()
    assert sequence.single == there / name
    assert sequence.path(1001) == there / name
    assert sequence.movie is None


def test_a_movie_is_one_file_whatever_number_it_has(folder):
    there = folder("shot.1001.mov")
    assert find_sequence(there / "shot.1001.mov").movie == there / "shot.1001.mov"


def test_a_file_with_a_token_in_its_name_is_that_file(folder):
    there = folder("odd#name.png")
    assert find_sequence(there / "odd#name.png").single == there / "odd#name.png"


def test_a_pattern_that_matches_nothing_says_what_lies_there(folder):
    there = folder("plate.01001.exr", "plate.01002.exr")
    with pytest.raises(InputError, match=r"No frame of the plate .* is there; its folder has plate\.#+\.exr 1001-1002"):
        find_sequence(there / "plate.####.exr")


def test_the_pattern_that_a_message_offers_finds_the_frames(folder):
    place = folder("plate.8.exr", "plate.9.exr", "plate.10.exr")
    with pytest.raises(InputError, match=r"its folder has plate\.@\.exr 8-10"):
        find_sequence(place / "plate.#.exr")
    assert find_sequence(place / "plate.@.exr").frames == (8, 9, 10)


def test_a_range_without_frames_is_named(folder):
    with pytest.raises(InputError, match="is there in 1-5"):
        find_sequence(folder("plate.1001.exr") / "plate.1-5#.exr")


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(InputError, match="there is no folder"):
        find_sequence(tmp_path / "nowhere" / "plate.####.exr")
    with pytest.raises(InputError, match="is not there"):
        find_sequence(tmp_path / "plate.exr")


def test_an_empty_path_is_wrong_usage():
    with pytest.raises(UsageError, match="has no path"):
        find_sequence("")


def test_an_output_has_one_file_for_each_frame():
    assert output_path("mattes/sh010.####.exr", 7) == Path("mattes/sh010.0007.exr")
    assert output_path("a.%06d.exr", -7) == Path("a.-00007.exr")


def test_a_name_without_a_number_is_for_a_still_alone():
    assert output_path("mattes/alpha.exr", 7) == Path("mattes/alpha.exr")
    assert output_paths("mattes/alpha.exr", (7,)) == [Path("mattes/alpha.exr")]
    assert output_paths("alpha.##.exr", (7, 8)) == [Path("alpha.07.exr"), Path("alpha.08.exr")]
    with pytest.raises(UsageError, match=r"^The output 'a/matte\.exr' .* 2 frames; name it like matte\.####\.exr\.$"):
        output_paths("a/matte.exr", (7, 8))
