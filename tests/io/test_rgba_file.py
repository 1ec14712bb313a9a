import numpy as np
import OpenImageIO as oiio
import pytest

from dvm_core.bridge.errors import InputError, UsageError
from dvm_core.io.header import ImageHeader
from dvm_core.io.rgba_file import Rgba, read_rgba, srgb, write_rgba


@pytest.fixture
def picture():
    rng = np.random.default_rng(4)
    rgb = rng.random((9, 13, 3), dtype=np.float32)
    alpha = rng.random((9, 13), dtype=np.float32)
    alpha[:2], alpha[-2:] = 1.0, 0.25
    return Rgba(rgb, alpha, ImageHeader.plain(13, 9))


@pytest.mark.parametrize(
    ("name", "premultiplied"), [("a.exr", False), ("a.exr", True), ("a.png", False), ("a.tif", False)]
)
def test_what_is_written_is_read_again(tmp_path, picture, name, premultiplied):
    read = read_rgba(write_rgba(tmp_path / name, picture, premultiplied=premultiplied))
    np.testing.assert_allclose(read.alpha, picture.alpha, atol=5e-4)
    solid = picture.alpha > 0.1
    np.testing.assert_allclose(read.rgb[solid], picture.rgb[solid], atol=4e-3)


def test_a_png_holds_straight_srgb(tmp_path, picture):
    path = write_rgba(tmp_path / "a.png", picture)
    config = oiio.ImageSpec()
    config.attribute("oiio:UnassociatedAlpha", 1)
    stored = oiio.ImageInput.open(str(path), config).read_image("float")
    np.testing.assert_allclose(stored[..., :3], srgb(picture.rgb), atol=1e-4)


def test_a_foreign_exr_is_taken_for_premultiplied(tmp_path, write_image):
    pixels = np.full((4, 5, 4), 0.5, np.float32)
    pixels[..., :3] = 0.1
    read = read_rgba(write_image(tmp_path / "a.exr", pixels, "RGBA"))
    np.testing.assert_allclose(read.rgb, 0.2, atol=1e-3)


def test_a_picture_without_alpha_is_refused(tmp_path, write_image):
    with pytest.raises(InputError, match="has no alpha"):
        read_rgba(write_image(tmp_path / "a.exr", np.zeros((4, 5, 3), np.float32), "RGB"))


@pytest.mark.parametrize(("name", "premultiplied"), [("a.jpg", False), ("a.png", True)])
def test_a_file_that_cannot_hold_it_is_refused(tmp_path, picture, name, premultiplied):
    with pytest.raises(UsageError, match=r"let '.*' end in"):
        write_rgba(tmp_path / name, picture, premultiplied=premultiplied)


def test_wide_gamut_colour_is_not_written_as_srgb(tmp_path, picture):
    with pytest.raises(UsageError, match="write EXR"):
        write_rgba(tmp_path / "a.png", picture._replace(space="ACEScg"))
