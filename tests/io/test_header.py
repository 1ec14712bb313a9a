import numpy as np
import pytest

from dvm_core.io.header import ImageHeader, Window
from dvm_core.io.image_file import ImageFile


def test_windows_share_what_lies_in_both():
    assert Window(-2, 0, 10, 5).intersect(Window(3, 2, 10, 10)) == Window(3, 2, 5, 3)
    assert Window(0, 0, 4, 4).intersect(Window(4, 0, 4, 4)).empty
    assert Window(-2, 0, 3, 5).union(Window(3, 2, 2, 10)) == Window(-2, 0, 7, 12)
    assert Window(0, 0, 3, 5).area == 15


def test_a_window_cuts_its_part_out_of_an_array():
    outer = Window(-10, 5, 8, 6)
    whole = np.arange(48).reshape(6, 8)
    np.testing.assert_array_equal(whole[Window(-9, 7, 2, 1).within(outer)], [[17, 18]])


def test_a_header_has_what_the_alpha_keeps(write_image, noise, tmp_path):
    path = write_image(
        tmp_path / "a.exr",
        noise(4, 6, 3),
        origin=(-3, 7),
        display=(-1, -2, 20, 30),
        PixelAspectRatio=2.0,
        DateTime="2026:01:02 03:04:05",
        owner="nobody",
    )
    with ImageFile(path) as image:
        header = ImageHeader.of_spec(image.parts[0])
    assert (header.width, header.height) == (20, 30)
    assert header.display == Window(-1, -2, 20, 30)
    assert header.data == Window(-3, 7, 6, 4)
    assert header.pixel_aspect == 2.0
    assert header.attribute("DateTime") == "2026:01:02 03:04:05"
    assert header.attribute("owner") is None


@pytest.mark.parametrize("aspect", [0.0, float("inf"), float("nan"), -1.0])
def test_a_pixel_aspect_that_cannot_be_is_1(aspect):
    import OpenImageIO as oiio

    spec = oiio.ImageSpec(4, 4, 3, "uint8")
    spec.attribute("PixelAspectRatio", aspect)
    assert ImageHeader.of_spec(spec).pixel_aspect == 1.0
