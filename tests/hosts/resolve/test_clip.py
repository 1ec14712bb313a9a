"""A clip's frames, counted in the timeline, the source, the files and the composition."""

import pytest


@pytest.fixture
def clip_module(adapter):
    return adapter("clip")


@pytest.fixture
def clip(clip_module):
    """Source 1001-1100, cut from its 21st frame on for 50 frames, at an hour and a hundred frames."""
    return clip_module.Clip(
        "sh010", "/p/p.%04d.exr", first=1001, start=86500, duration=50, left=20, right=30, size=(32, 24)
    )


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/p/sh010.[1001-1100].exr", ("/p/sh010.%04d.exr", 1001)),
        ("C:\\p [v2]\\sh.[000000-000099].dpx", ("C:\\p [v2]\\sh.%06d.dpx", 0)),
        ("/p/clip [1-2].mov", ("/p/clip %01d.mov", 1)),
        ("/p/clip.mov", ("/p/clip.mov", 1)),
        ("/p/still.0001.exr", ("/p/still.0001.exr", 1)),
    ],
)
def test_a_media_pools_path_is_written_as_the_engine_reads_it(clip_module, path, expected):
    assert clip_module.source_files(path) == expected


@pytest.mark.parametrize(
    ("path", "codec", "readable"),
    [
        ("/p/a.[1-9].EXR", "EXR", True),
        ("/p/a.mov", "Apple ProRes 4444", True),
        ("/p/a.mov", "Apple ProRes RAW HQ", False),
        ("/p/a.mxf", "ARRIRAW", False),
        ("/p/a.braw", "Blackmagic RAW", False),
        ("/p/a.R3D", "REDCODE RAW", False),
        ("/p/a.[1-9].dng", "", False),
    ],
)
def test_what_the_engine_cannot_read_is_known_by_its_file_and_codec(clip_module, path, codec, readable):
    assert clip_module.is_readable(path, codec) is readable


def test_a_timeline_frame_has_the_number_of_its_source_file(clip):
    assert clip.number(86500) == 1021
    assert clip.number(86549) == 1070


def test_a_retimed_clip_counts_in_the_cut(clip_module):
    retimed = clip_module.Clip("a", "/a.mov", first=1, start=86500, duration=50, left=20, retimed=True)
    assert retimed.number(86500) == 1
    assert retimed.needs_render


@pytest.mark.parametrize(
    ("marks", "expected"),
    [
        ({}, (86500, 86549)),
        ({"audio": {"in": 0, "out": 5}}, (86500, 86549)),
        ({"video": {"in": 110, "out": 119}}, (86510, 86519)),
        ({"video": {"in": 0, "out": 119}}, (86500, 86519)),
        ({"video": {"in": 140}}, (86540, 86549)),
        ({"video": {"out": 100}}, (86500, 86500)),
    ],
)
def test_in_and_out_cut_the_clip(clip, marks, expected):
    assert clip.cut(marks, 86400) == expected


@pytest.mark.parametrize("marks", [{"video": {"in": 0, "out": 99}}, {"video": {"in": 150, "out": 200}}])
def test_marks_beside_the_clip_are_said(adapter, clip, marks):
    with pytest.raises(adapter("bridge.errors").InputError, match="mark no frame of 'sh010'"):
        clip.cut(marks, 86400)


@pytest.mark.parametrize(
    ("cut", "handles", "expected"),
    [
        ((86510, 86519), 0, (86510, 86519)),
        ((86510, 86519), 8, (86502, 86527)),
        ((86500, 86549), 8, (86492, 86557)),
        ((86500, 86549), 100, (86480, 86579)),
    ],
)
def test_handles_reach_as_far_as_the_source(clip, cut, handles, expected):
    assert clip.with_handles(cut, handles) == expected
    assert clip.number(86480) == clip.first
    assert clip.number(86579) == 1100


@pytest.mark.parametrize(("start", "expected"), [(0, 5), (1001, 1006), (20, 25)])
def test_the_composition_counts_from_its_own_start(clip, clip_module, start, expected):
    assert clip_module.render_start({"COMPN_RenderStart": float(start)}) == start
    assert clip.composition_frame(86505, start) == expected


@pytest.mark.parametrize(
    ("timecode", "rate", "frame"),
    [
        ("01:00:00:00", 24.0, 86400),
        ("01:00:00:00", 23.976, 86400),
        ("00:00:01:05", 25.0, 30),
        ("00:00:59;29", 29.97, 1799),
        ("00:01:00;02", 29.97, 1800),
        ("00:10:00;00", 29.97, 17982),
        ("01:00:00;00", 29.97, 107892),
        ("01:00:00;00", 59.94, 215784),
        ("00:01:00:00", 29.97, 1800),
    ],
)
def test_timecode_names_a_frame(adapter, timecode, rate, frame):
    # 107892 frames an hour of drop-frame are what SMPTE ST 12-1 gives.
    assert adapter("timecode").frame_of(timecode, rate) == frame


def test_a_broken_timecode_is_said(adapter):
    with pytest.raises(adapter("bridge.errors").InputError, match="cannot be read"):
        adapter("timecode").frame_of("", 24.0)
