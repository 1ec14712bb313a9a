"""DVM Trimap: what its graph makes of a matte."""

import numpy as np
import pytest
from nuke_stage import write_image

from dvm_core.trimap.create import make_trimap

SIZE = (24, 60)


@pytest.fixture
def ramp(tmp_path, nuke):
    """A soft edge that runs from left to right, and the DVM Trimap on it."""
    matte = np.broadcast_to(np.clip((np.arange(SIZE[1]) - 25) / 10, 0, 1), SIZE)[..., None]
    write_image(tmp_path / "matte.1.exr", np.concatenate([matte * 0, matte * 0, matte * 0, matte], 2), list("RGBA"))
    read = nuke.createNode("Read")
    read["file"].setValue(f"{tmp_path.as_posix()}/matte.%d.exr")
    node = nuke.createNode("DVM_Trimap")
    node.setInput(0, read)
    node.setInput(1, read)
    return node, matte[..., 0].astype(np.float16).astype(np.float32)


@pytest.mark.parametrize(("erode", "dilate"), [(0, 0), (3, 0), (0, 4), (5, 7)])
def test_the_trimap_is_that_of_the_shell(ramp, erode, dilate):
    node, matte = ramp
    node["erode"].setValue(erode)
    node["dilate"].setValue(dilate)
    picture = node.picture(1, "main")
    inside = picture.over((0, 0), SIZE)[..., 3]
    expected = make_trimap(matte, erode=erode, dilate=dilate)
    np.testing.assert_array_equal(np.round(inside * 255), np.where(expected == 128, 128, expected))


def test_every_channel_has_the_trimap_so_that_any_reader_finds_it(ramp):
    pixels = ramp[0].picture(1, "main").pixels
    assert set(np.unique(pixels)) == {0.0, 0.5, 1.0}
    assert all(np.array_equal(pixels[..., index], pixels[..., 3]) for index in range(3))


def test_the_overlay_colours_the_plate_and_spares_the_background(ramp):
    node, _ = ramp
    node["overlay"].setValue(True)
    shown = node.picture(1, "main").over((0, 0), SIZE)
    assert tuple(shown[12, 30, :2]) == (0.5, 0.0), "unknown is red"
    assert tuple(shown[12, 55, :2]) == (0.0, 0.5), "foreground is green"
    assert tuple(shown[12, 2, :3]) == (0.0, 0.0, 0.0)
