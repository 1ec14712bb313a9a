import numpy as np
import pytest

from dvm_core.bridge.errors import InputError
from dvm_core.io.matte_file import read_channel


@pytest.fixture
def ramp():
    """Values (4, 8) from 0 to 1 that a half holds exactly."""
    return np.arange(32, dtype=np.float32).reshape(4, 8) / 32


@pytest.mark.parametrize("name", ["A", "Y", "V", "R", "matte"])
def test_the_only_channel_is_the_matte(write_image, ramp, tmp_path, name):
    np.testing.assert_array_equal(read_channel(write_image(tmp_path / "a.exr", ramp[..., None], [name])), ramp)


def stack(*channels):
    return np.stack(np.broadcast_arrays(*channels), axis=2).astype(np.float32)


def test_of_colour_it_is_red(write_image, ramp, tmp_path):
    path = write_image(tmp_path / "a.exr", stack(ramp, 0.5, 0.25))
    np.testing.assert_array_equal(read_channel(path), ramp)
    path = write_image(tmp_path / "b.exr", stack(ramp, 0.5, 0.25, ramp[::-1]))
    np.testing.assert_array_equal(read_channel(path), ramp)


def test_alpha_is_the_matte_where_colour_says_nothing(write_image, ramp, tmp_path):
    path = write_image(tmp_path / "a.exr", stack(0.5, 0.25, 1, ramp))
    np.testing.assert_array_equal(read_channel(path), ramp)


def test_a_constant_alpha_is_no_matte(write_image, ramp, tmp_path):
    path = write_image(tmp_path / "a.exr", stack(ramp, ramp, ramp, 1))
    np.testing.assert_array_equal(read_channel(path), ramp)
    path = write_image(tmp_path / "b.exr", stack(0.5, 0.5, 0.5, ramp * 0 + 1))
    np.testing.assert_array_equal(read_channel(path), np.full((4, 8), 0.5))


def test_grey_with_alpha_follows_the_same_rule(write_image, ramp, tmp_path):
    path = write_image(tmp_path / "a.exr", stack(ramp, 1), ["Y", "A"])
    np.testing.assert_array_equal(read_channel(path), ramp)
    path = write_image(tmp_path / "b.exr", stack(1, ramp), ["Y", "A"])
    np.testing.assert_array_equal(read_channel(path), ramp)


def test_alpha_among_other_data_is_the_matte(write_image, ramp, tmp_path):
    path = write_image(tmp_path / "a.exr", stack(ramp, 7), ["A", "Z"])
    np.testing.assert_array_equal(read_channel(path), ramp)


@pytest.mark.parametrize("name", ["key.mask", "KEY.MASK"])
def test_a_channel_is_read_by_its_name(write_image, ramp, tmp_path, name):
    path = write_image(tmp_path / "a.exr", stack(0, 0, 0, ramp), ["R", "G", "B", "key.mask"])
    np.testing.assert_array_equal(read_channel(path, name), ramp)


def test_a_channel_of_another_part_is_read_by_its_name(write_parts, ramp, tmp_path):
    parts = [
        (stack(0, 0, ramp * 0), "RGB", {"oiio__subimagename": "rgba"}),
        (ramp[..., None], "A", {"oiio__subimagename": "key"}),
    ]
    path = write_parts(tmp_path / "a.exr", parts)
    np.testing.assert_array_equal(read_channel(path, "key.A"), ramp)
    np.testing.assert_array_equal(read_channel(path, "A"), ramp)


def test_a_channel_that_is_not_there_is_named_with_those_that_are(write_image, ramp, tmp_path):
    path = write_image(tmp_path / "a.0004.exr", ramp[..., None], ["A"])
    with pytest.raises(InputError, match=r"Frame 4 '.*' has no channel 'mask'; it has A\."):
        read_channel(path, "mask", frame=4)


def test_data_channels_alone_leave_it_open(write_image, ramp, tmp_path):
    path = write_image(tmp_path / "a.exr", stack(ramp, ramp), ["u", "v"])
    with pytest.raises(InputError, match=r"Image '.*' has the channels u, v, so which is the matte is open"):
        read_channel(path)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_integers_become_fractions(write_image, tmp_path, dtype):
    values = np.arange(256, dtype=np.float32).reshape(16, 16) / 255
    path = write_image(tmp_path / "a.png", values[..., None], ["Y"], dtype=dtype)
    matte = read_channel(path)
    assert matte.dtype == np.float32
    np.testing.assert_allclose(matte, values, atol=1e-5)


def test_the_matte_covers_the_display_window(write_image, ramp, tmp_path):
    path = write_image(tmp_path / "a.exr", ramp[..., None] + 0.5, ["A"], origin=(2, -1), display=(0, 0, 5, 6))
    expected = np.zeros((6, 5), np.float32)
    expected[:3, 2:] = ramp[1:, :3] + 0.5
    np.testing.assert_array_equal(read_channel(path), expected)
    assert read_channel(path).flags.c_contiguous
