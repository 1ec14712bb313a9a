import cv2
import numpy as np
import pytest

from dvm_core.bridge.errors import InputError
from dvm_core.io.header import ImageHeader
from dvm_core.io.rgba_file import Rgba, write_rgba
from dvm_core.training.camera import bytes_to_linear
from dvm_core.training.material import find_movies, read_stills


def _still(path, colour=(0.6, 0.1, 0.05), premultiplied=False):
    alpha = np.zeros((50, 90), np.float32)
    cv2.circle(alpha, (60, 20), 15, 1.0, -1)
    alpha = cv2.GaussianBlur(alpha, (0, 0), 2)
    rgb = np.broadcast_to(np.float32(colour), (*alpha.shape, 3))
    return write_rgba(path, Rgba(rgb, alpha, ImageHeader.plain(90, 50)), premultiplied=premultiplied)


@pytest.mark.parametrize(("name", "premultiplied"), [("a.png", False), ("a.exr", True), ("deep/er/a.exr", False)])
def test_a_still_becomes_a_square_around_its_object_with_its_colour(tmp_path, name, premultiplied):
    _still(tmp_path / name, premultiplied=premultiplied)
    (square,) = read_stills(tmp_path, 64)
    assert square.shape == (64, 64, 4)
    coverage = square[..., 3] / 255
    assert coverage[32, 32] == 1
    assert coverage[0, 0] < 0.05
    seen = bytes_to_linear(square[..., :3])[coverage > 0.05]
    np.testing.assert_allclose(seen, np.broadcast_to(np.float32((0.6, 0.1, 0.05)), seen.shape), atol=0.02)


def _block(path, rows, columns):
    alpha = np.zeros((40, 60), np.float32)
    alpha[rows, columns] = 1.0
    return write_rgba(path, Rgba(np.full((40, 60, 3), 0.4, np.float32), alpha, ImageHeader.plain(60, 40)))


def test_an_object_cut_by_a_border_stays_at_it(tmp_path):
    _block(tmp_path / "low.png", slice(30, 40), slice(10, 50))
    (square,) = read_stills(tmp_path, 64)
    assert (square[-1, :, 3] == 255).all()
    assert (square[0, :, 3] == 0).all()


def test_an_object_cut_on_both_sides_fills_the_square_between_them(tmp_path):
    _block(tmp_path / "through.png", slice(0, 40), slice(0, 60))
    (square,) = read_stills(tmp_path, 64)
    assert (square[..., 3] == 255).all()


def test_stills_come_in_the_order_of_their_names(tmp_path):
    _still(tmp_path / "b.png", (0.0, 0.0, 0.5))
    _still(tmp_path / "a.png", (0.5, 0.0, 0.0))
    first, second = read_stills(tmp_path, 32)
    assert first[16, 16, 0] > first[16, 16, 2]
    assert second[16, 16, 2] > second[16, 16, 0]


def test_a_folder_without_stills_is_refused(tmp_path):
    with pytest.raises(InputError, match="Expected PNG, TIFF or EXR pictures with alpha"):
        read_stills(tmp_path, 32)


def test_a_still_without_an_object_is_named(tmp_path):
    empty = Rgba(np.zeros((8, 8, 3), np.float32), np.zeros((8, 8), np.float32), ImageHeader.plain(8, 8))
    path = write_rgba(tmp_path / "nothing.png", empty)
    with pytest.raises(InputError, match="alpha 0 everywhere") as caught:
        read_stills(tmp_path, 32)
    assert caught.value.path == str(path)


def test_movies_are_found_by_the_published_layout(tmp_path):
    for name in ("fg/video/train/0001/f.mp4", "fg/video/train/0001/a.mp4", "bg/train/0000.mp4", "bg/train/0001.mp4"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    pairs, scenes = find_movies(tmp_path)
    assert [(pair.colour.name, pair.alpha.name, pair.alpha.parent.name) for pair in pairs] == [
        ("f.mp4", "a.mp4", "0001")
    ]
    assert [path.name for path in scenes] == ["0000.mp4", "0001.mp4"]


def test_a_foreground_without_its_alpha_is_refused(tmp_path):
    (tmp_path / "fg/video/train/0000").mkdir(parents=True)
    (tmp_path / "fg/video/train/0000/f.mp4").touch()
    with pytest.raises(InputError, match=r"0000/a\.mp4' is missing"):
        find_movies(tmp_path)


def test_a_folder_without_movies_is_refused(tmp_path):
    with pytest.raises(InputError, match="Expected movies"):
        find_movies(tmp_path)
