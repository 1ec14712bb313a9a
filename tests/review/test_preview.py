"""Previews are read back: the pixels, the size, the number of frames; and nothing half-written stays."""

import os
from importlib.util import find_spec

import cv2
import numpy as np
import pytest

from dvm_core import whole_file
from dvm_core.bridge.errors import OutputError, UsageError
from dvm_core.processes import here
from dvm_core.review.comp import display_bytes
from dvm_core.review.preview import comp_preview, write_preview

needs_movie = pytest.mark.skipif(find_spec("av") is None, reason="PyAV, the `movie` extra, is not installed")


@pytest.fixture
def pictures():
    colours = [(200, 30, 20), (20, 40, 220), (128, 128, 128), (30, 180, 60)]
    return [np.full((45, 63, 3), colour, np.uint8) for colour in colours]


def decoded(path):
    import av

    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = [frame.reformat(format="rgb24", src_colorspace=1).to_ndarray() for frame in container.decode(video=0)]
        return frames, stream.average_rate, stream.codec_context.colorspace


@needs_movie
def test_a_movie_has_every_frame_in_its_true_colour(tmp_path, pictures):
    path = write_preview(tmp_path / "deep" / "comp", iter(pictures), fps=25)
    assert path == tmp_path / "deep" / "comp.mp4"
    frames, rate, colorspace = decoded(path)
    assert rate == 25
    assert colorspace == 1
    assert len(frames) == 4
    for frame, picture in zip(frames, pictures, strict=True):
        assert frame.shape == (46, 64, 3)
        np.testing.assert_allclose(frame[10:-10, 10:-10], picture[10:-9, 10:-9], atol=5)


def test_pictures_are_numbered_from_the_first_frame(tmp_path, pictures):
    pattern = write_preview(tmp_path / "comp", pictures, first=1001, movie=False)
    assert pattern == tmp_path / "comp.####.png"
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"comp.{n}.png" for n in range(1001, 1005)]
    back = cv2.imread(str(tmp_path / "comp.1002.png"))[..., ::-1]
    assert np.array_equal(back, pictures[1])


def test_comps_come_one_at_a_time():
    taken = []

    def clip():
        for level in (0.2, 0.4):
            taken.append(level)
            yield np.full((2, 3, 3), level, np.float32), np.ones((2, 3), np.float32)

    comps = comp_preview(clip())
    assert np.array_equal(next(comps), display_bytes(np.full((2, 3, 3), 0.2, np.float32)))
    assert taken == [0.2]


@pytest.mark.parametrize("movie", [pytest.param(True, marks=needs_movie), False])
def test_an_interrupted_preview_leaves_nothing_half_written(tmp_path, pictures, movie):
    def broken():
        yield pictures[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_preview(tmp_path / "comp", broken(), movie=movie)
    assert [path.name for path in tmp_path.iterdir()] == ([] if movie else ["comp.1001.png"])


@pytest.mark.parametrize("movie", [pytest.param(True, marks=needs_movie), False])
def test_a_folder_that_cannot_be_made_is_an_output_error(tmp_path, pictures, movie):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        write_preview(tmp_path / "file" / "comp", pictures, movie=movie)


@needs_movie
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full on this system")
def test_a_full_disk_is_an_output_error(tmp_path, pictures, monkeypatch):
    monkeypatch.setattr(whole_file, "_serial", iter([7]))
    (tmp_path / f".comp.mp4.{here()}-{os.getpid()}-7.part").symlink_to("/dev/full")
    with pytest.raises(OutputError, match="No space left"):
        write_preview(tmp_path / "comp", pictures * 30, movie=True)
    assert list(tmp_path.iterdir()) == []


def test_a_preview_needs_a_frame(tmp_path):
    with pytest.raises(UsageError, match="at least one frame"):
        write_preview(tmp_path / "comp", [])


def test_without_pyav_a_movie_is_refused_and_pictures_are_the_default(tmp_path, pictures, monkeypatch):
    monkeypatch.setattr("dvm_core.review.preview.find_spec", lambda name: None)
    assert write_preview(tmp_path / "comp", pictures) == tmp_path / "comp.####.png"
    with pytest.raises(UsageError, match=r"dvm-core\[movie\]"):
        write_preview(tmp_path / "comp", pictures, movie=True)
