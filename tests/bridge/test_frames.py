import pytest

from dvm_core.bridge.errors import UsageError
from dvm_core.bridge.frames import (
    MAX_FRAMES,
    format_range,
    nearest,
    normalise_pattern,
    parse_range,
    sequence_of,
)


@pytest.mark.parametrize(
    ("text", "frames"),
    [
        ("7", (7,)),
        ("1001-1004", (1001, 1002, 1003, 1004)),
        ("1-3,20-26x2", (1, 2, 3, 20, 22, 24, 26)),
        ("1-10x4", (1, 5, 9)),
        ("5, 1-2 ,5", (1, 2, 5)),
        ("-3--1", (-3, -2, -1)),
        ("-1-1", (-1, 0, 1)),
        ("0001-0002", (1, 2)),
    ],
)
def test_a_range_names_its_frames_in_order_and_once(text, frames):
    assert parse_range(text) == frames


@pytest.mark.parametrize(
    "text", ["", " ", ",", "1-", "a-b", "1..5", "1-5y2", "1-2-3", "1 - 5", "١-٣", "1-5x", "1e3", "9" * 10]
)
def test_what_is_not_a_range_is_refused_with_an_example(text):
    with pytest.raises(UsageError, match="is not a frame range; write it like 1001-1100"):
        parse_range(text)


def test_a_range_that_runs_backwards_is_refused_with_the_right_order():
    with pytest.raises(UsageError, match=r"'10-1' runs backwards; write 1-10\."):
        parse_range("10-1")


def test_a_step_of_zero_is_refused():
    with pytest.raises(UsageError, match="step of 0"):
        parse_range("1-10x0")


@pytest.mark.parametrize("text", ["0-999999999", "1-600000,600001-1200000"])
def test_a_huge_range_is_refused_before_it_is_expanded(text):
    with pytest.raises(UsageError, match="more than 1,000,000 frames"):
        parse_range(text)


def test_the_largest_range_is_still_read():
    assert len(parse_range(f"1-{MAX_FRAMES}")) == MAX_FRAMES


@pytest.mark.parametrize(
    ("frames", "text"),
    [
        ((), ""),
        ((4,), "4"),
        ((1, 2), "1-2"),
        ((1, 3), "1,3"),
        ((1, 2, 3, 10, 12, 14), "1-3,10-14x2"),
        ((5, 3, 4, 4), "3-5"),
        ((-3, -2, -1, 7), "-3--1,7"),
        ((1, 3, 4, 5), "1,3-5"),
    ],
)
def test_frames_are_written_shortly(frames, text):
    assert format_range(frames) == text


def test_a_written_range_reads_back():
    # Every subset of eight neighbours, as bits: all ways that runs, steps and gaps can meet.
    for bits in range(1, 256):
        frames = tuple(frame - 4 for frame in range(8) if bits >> frame & 1)
        assert parse_range(format_range(frames)) == frames


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("plates/plate.####.exr", "plates/plate.0042.exr"),
        ("plate.#.exr", "plate.0042.exr"),
        ("plate.##.exr", "plate.42.exr"),
        ("plate.#####.exr", "plate.00042.exr"),
        ("plate.%04d.exr", "plate.0042.exr"),
        ("plate.%d.exr", "plate.42.exr"),
        ("plate.@@@.exr", "plate.042.exr"),
        ("plate.@.exr", "plate.42.exr"),
        ("plate.$F4.exr", "plate.0042.exr"),
        ("plate.$F.exr", "plate.42.exr"),
        ("plate.1001-1100#.exr", "plate.0042.exr"),
        ("plate.1-10,20-30x2####.exr", "plate.0042.exr"),
        ("shot#1/take%02d/plate.####.exr", "shot#1/take%02d/plate.0042.exr"),
        ("C:\\shots\\plate.####.exr", "C:\\shots\\plate.0042.exr"),
        ("comp_v2####.exr", "comp_v20042.exr"),
        ("#3.####.exr", "#3.0042.exr"),
        ("####.exr", "0042.exr"),
    ],
)
def test_every_writing_of_a_pattern_names_the_same_files(pattern, path):
    normal = normalise_pattern(pattern)
    assert normal.is_sequence
    assert normal.path(42) == path
    assert normal.frame(path) == 42
    assert normalise_pattern(str(normal)).path(42) == path


def test_frames_written_in_a_pattern_are_kept():
    assert normalise_pattern("plate.1001-1100#.exr").range == "1001-1100"
    assert normalise_pattern("plate.####.exr").range == ""


def test_a_backward_range_in_a_pattern_is_refused():
    with pytest.raises(UsageError, match="runs backwards"):
        normalise_pattern("plate.1100-1001#.exr")


@pytest.mark.parametrize(
    "path", ["plate.exr", "clip.mov", "plates/", "plate.1001.exr", "100%/plate.exr", "sh#1/plate.exr"]
)
def test_a_name_without_a_token_is_one_file(path):
    normal = normalise_pattern(path)
    assert not normal.is_sequence
    assert normal.path(7) == path == str(normal)
    assert normal.frame(path) is None


@pytest.mark.parametrize(
    "path",
    [
        "plate.42.exr",
        "plate.00042.exr",
        "plate.00x2.exr",
        "plate..exr",
        "other.0042.exr",
        "plate.0042.png",
        "plate.exr",
    ],
)
def test_a_file_that_the_pattern_would_not_write_is_none_of_its_frames(path):
    assert normalise_pattern("plate.####.exr").frame(path) is None


def test_a_number_longer_than_its_padding_is_a_frame():
    assert normalise_pattern("plate.####.exr").frame("plate.12345.exr") == 12345


def test_a_negative_frame_reads_back():
    normal = normalise_pattern("plate.####.exr")
    assert normal.frame(normal.path(-7)) == -7


@pytest.mark.parametrize("pattern", ["plate.##########.exr", "plate.%012d.exr", "plate.$F74.exr"])
@pytest.mark.parametrize("frame", [0, 7, 1001, 999_999_999, -3])
def test_numbers_padded_to_more_digits_than_they_can_have_are_found(pattern, frame):
    form = normalise_pattern(pattern)
    assert form.frame(form.path(frame)) == frame


@pytest.mark.parametrize(("frame", "expected"), [(5, [5]), (6, [5, 9]), (1, [5]), (12, [9]), (9, [9]), (-3, [5])])
def test_the_nearest_frames_are_one_itself_or_one_on_either_side(frame, expected):
    assert nearest((9, 5), frame) == expected


def test_of_no_frames_none_is_near():
    assert nearest((), 5) == []


@pytest.mark.parametrize(
    ("picked", "meant"),
    [
        ("/a/fix.1010.exr", "/a/fix.%04d.exr"),
        ("C:\\shot\\0007.png", "C:\\shot\\%04d.png"),
        ("fix_12.exr", "fix_%02d.exr"),
        ("/a/fix_v2.exr", "/a/fix_v2.exr"),
        ("/a/fix_v0002.exr", "/a/fix_v0002.exr"),
        ("/a/fix1001.exr", "/a/fix%04d.exr"),
        ("/a/fix_take2.exr", "/a/fix_take2.exr"),
        ("/a/v2/fix.100123.exr", "/a/v2/fix.%06d.exr"),
        ("/a/fix.####.exr", "/a/fix.####.exr"),
        ("/a.1/fix", "/a.1/fix"),
        ("", ""),
    ],
)
def test_a_file_that_was_picked_stands_for_its_sequence(picked, meant):
    assert sequence_of(picked) == meant
