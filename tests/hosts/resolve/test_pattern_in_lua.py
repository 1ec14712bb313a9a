"""`dvm.pattern` against the bridge's own reading of patterns."""

import pytest

from dvm_core.bridge.frames import normalise_pattern

PATTERNS = [
    "/plates/sh010.####.exr",
    "plate.#.exr",
    "plate.@@@@@.exr",
    "a/plate.%04d.exr",
    "plate_%d.exr",
    "plate.%010d.exr",
    "plate.$F4.exr",
    "plate.$F.exr",
    "plate.$F12.exr",
    "C:\\shots\\plate.####.exr",
    "/shot#1/plate.####.exr",
    "/shot%04d/plate.exr",
    "v2_####_####.exr",
    "plate.1001-1100#.exr",
    "plate.1001-1100x2####.exr",
    "plate_-5-10,20-30%04d.exr",
    "v2####.exr",
    "plate.10-20v####.exr",
    "1001-1100#.exr",
    "still.exr",
    "folder/",
    "50%.####.exr",
    "50%00d.exr",
    "a b/it's 100% ü.####.exr",
]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_frames_file_is_the_one_that_the_engine_writes(fusion, pattern):
    path = fusion.require("pattern").path
    for frame in (0, 7, 1001, 123456, -3):
        assert path(pattern, frame) == normalise_pattern(pattern).path(frame)


@pytest.mark.parametrize(
    ("file", "pattern", "number"),
    [
        ("/p/plate.1001.exr", "/p/plate.%04d.exr", 1001),
        ("/p2/v3_plate_007.dpx", "/p2/v3_plate_%03d.dpx", 7),
        ("C:\\p\\plate12.png", "C:\\p\\plate%02d.png", 12),
        ("/p.1/still.exr", "/p.1/still.exr", None),
        ("/p/clip.mov", "/p/clip.mov", None),
        ("/p/A001_C002.MOV", "/p/A001_C002.MOV", None),
    ],
)
def test_a_numbered_file_gives_its_pattern_back(fusion, file, pattern, number):
    lua_pattern = fusion.require("pattern")
    assert lua_pattern.of_file(file) == (pattern, number)
    if number is not None:
        assert lua_pattern.path(pattern, number) == normalise_pattern(pattern).path(number) == file


@pytest.mark.parametrize(
    ("pattern", "folder", "stem"),
    [
        ("/p/plate.####.exr", "/p", "plate"),
        ("/p/sh010_plate_v2_%04d.exr", "/p", "sh010_plate_v2"),
        ("clip.mov", ".", "clip"),
        ("/plate.####.exr", "/", "plate"),
        ("D:\\p\\plate.####.exr", "D:\\p", "plate"),
        ("D:\\plate.####.exr", "D:\\", "plate"),
    ],
)
def test_a_pattern_tells_its_folder_and_name(fusion, pattern, folder, stem):
    lua_pattern = fusion.require("pattern")
    assert lua_pattern.folder(pattern) == folder
    assert lua_pattern.stem(pattern) == stem
