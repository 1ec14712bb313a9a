import sys
from fractions import Fraction

import numpy as np
import pytest

from dvm_core.bridge.errors import InputError, UsageError
from dvm_core.io.header import Window
from dvm_core.io.movie import MovieSource
from dvm_core.io.plate import PlateReader

av = pytest.importorskip("av", reason="movies need the extra [movie]")

COUNT = 30


def colour(index):
    """A colour of its own for each frame, below the knee of the roll-off."""
    return np.array([index * 7, 230 - index * 7, 100], np.uint8)


@pytest.fixture
def movie(tmp_path):
    """Write a movie of `COUNT` frames (48, 64), frame n all in `colour(n - 1)`."""

    def make(name, codec="libx264", pixels="yuv420p", *, metadata=None, transfer=None, **options):
        container = av.open(str(tmp_path / name), "w")
        container.metadata.update(metadata or {})
        stream = container.add_stream(codec, rate=Fraction(24), options={"g": "6", **options})
        stream.width, stream.height, stream.pix_fmt = 64, 48, pixels
        if transfer is not None:
            stream.codec_context.color_trc = transfer
        for index in range(COUNT):
            picture = av.VideoFrame.from_ndarray(np.broadcast_to(colour(index), (48, 64, 3)).copy(), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
        container.close()
        return tmp_path / name

    return make


def check(reader, frame, first=1):
    middle = reader.read(frame).display[8:-8, 8:-8]
    np.testing.assert_allclose(middle, np.broadcast_to(colour(frame - first) / 255, middle.shape), atol=4 / 255)


@pytest.mark.parametrize(
    ("name", "codec", "pixels"),
    [
        ("a.mp4", "libx264", "yuv420p"),
        ("a.mkv", "libx264", "yuv444p"),
        ("a.ts", "libx264", "yuv420p"),
        ("a.mov", "prores_ks", "yuv422p10le"),
        ("b.mov", "png", "rgb24"),
    ],
)
def test_any_frame_is_found_in_any_order(movie, name, codec, pixels):
    reader = PlateReader(movie(name, codec, pixels))
    assert reader.frames == tuple(range(1, COUNT + 1))
    for frame in (1, 2, 3, 30, 17, 18, 4, 1, 29):
        check(reader, frame)


def test_a_movie_is_srgb_and_keeps_its_rate(movie):
    reader = PlateReader(movie("a.mp4"))
    assert str(reader.colorspace) == "srgb_rec709_scene (movie)"
    header = reader.header(1)
    assert header.display == header.data == Window(0, 0, 64, 48)
    assert header.attribute("framesPerSecond") == (24, 1)
    plate = PlateReader(movie("a.mp4"), keep_linear=True).read(5)
    assert plate.linear_space == "lin_rec709_scene"
    assert plate.path.name == "a.mp4"


def test_more_than_8_bits_are_kept(movie):
    raw = MovieSource(movie("a.mov", "prores_ks", "yuv422p10le")).read(3)
    assert raw.pixels.dtype == np.uint16
    assert raw.pixels.shape == (48, 64, 3)


def test_frames_are_numbered_by_time_code_if_asked(movie):
    source = MovieSource(movie("a.mov", metadata={"timecode": "01:00:00:10"}), from_timecode=True)
    assert source.frames == tuple(range(86410, 86410 + COUNT))
    with pytest.raises(UsageError, match="has no time code"):
        MovieSource(movie("a.mkv"), from_timecode=True)


def test_a_plate_is_numbered_by_its_time_code_if_that_is_asked_for(movie):
    path = movie("a.mov", metadata={"timecode": "01:00:00:10"})
    first = PlateReader(path, movie_frames="timecode").frames[0]
    assert first == MovieSource(path, from_timecode=True).frames[0] > 1
    assert PlateReader(path).frames[0] == 1


def test_a_space_may_be_named(movie):
    assert PlateReader(movie("a.mp4"), colorspace="g24_rec709_tx").colorspace.why == "as asked"


def test_hdr_is_not_guessed(movie):
    path = movie("a.mkv", transfer=16)
    with pytest.raises(InputError, match="is tagged as PQ, not SDR; name its colour space with --colorspace"):
        PlateReader(path)
    PlateReader(path, colorspace="pq_rec2020_display")


def test_a_frame_that_is_not_there_is_named(movie):
    with pytest.raises(InputError, match=r"Frame 31 of '.*a.mp4' is not there; it has the frames 1-30") as caught:
        PlateReader(movie("a.mp4")).read(31)
    assert caught.value.frame == 31


@pytest.mark.parametrize("kept", [0, 100, 1500])
def test_a_damaged_movie_is_named(movie, kept):
    path = movie("a.mp4")
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(InputError, match=r"The movie '.*a.mp4' cannot be read"):
        PlateReader(path)


def test_a_damaged_frame_is_named(movie):
    path = movie("a.mov", "png", "rgb24")
    data = bytearray(path.read_bytes())
    # The tenth picture's header chunk.
    at = -1
    for _ in range(10):
        at = data.index(b"IHDR", at + 1)
    data[at : at + 12] = bytes(12)
    path.write_bytes(data)
    reader = PlateReader(path)
    with pytest.raises(InputError, match=r"Frame 10 of '.*' (cannot be decoded|is damaged)"):
        reader.read(10)
    check(reader, 9)


def test_without_pyav_the_remedy_is_said(movie, monkeypatch):
    path = movie("a.mp4")
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(UsageError, match=r"Reading a movie needs PyAV: pip install 'dvm-core\[movie\]'"):
        PlateReader(path)
