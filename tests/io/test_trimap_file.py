import numpy as np
import pytest

from dvm_core.bridge.errors import InputError, UsageError
from dvm_core.io.header import ImageHeader, Window
from dvm_core.io.trimap_file import BACKGROUND, FOREGROUND, UNKNOWN, TrimapReader, TrimapWriter, trimap_of


def test_values_within_a_twentieth_of_0_or_1_are_known():
    values = np.array([[-1, 0, 0.04, 0.05, 0.0501, 0.5, 0.9499, 0.95, 0.96, 1, 2]], np.float32)
    expected = [[BACKGROUND] * 4 + [UNKNOWN] * 3 + [FOREGROUND] * 4]
    np.testing.assert_array_equal(trimap_of(values), expected)


def test_what_is_no_number_is_unknown():
    assert trimap_of(np.array([[np.nan]], np.float32))[0, 0] == UNKNOWN


def test_only_three_values_come_out_of_an_8_bit_file(write_image, tmp_path):
    values = np.arange(256, dtype=np.float32).reshape(16, 16, 1) / 255
    write_image(tmp_path / "key.0001.png", values, ["Y"], dtype="uint8")
    trimap = TrimapReader(tmp_path / "key.####.png").read(1)
    assert trimap.dtype == np.uint8
    flat = trimap.ravel()
    # 0.05 and 0.95 of 255 are 12.75 and 242.25.
    assert (flat[:13] == 0).all()
    assert (flat[13:243] == 128).all()
    assert (flat[243:] == 255).all()


def test_unknown_in_colour_under_a_constant_alpha_is_found(write_image, tmp_path):
    pixels = np.ones((4, 6, 4), np.float32)
    pixels[:, :2, :3], pixels[:, 2:4, :3] = 0, 0.4
    reader = TrimapReader(write_image(tmp_path / "key.png", pixels, dtype="uint8"))
    np.testing.assert_array_equal(reader.read(1001)[0], [0, 0, 128, 128, 255, 255])


def test_a_file_without_a_number_serves_any_frame(write_image, tmp_path):
    path = write_image(tmp_path / "key_v2.png", np.ones((4, 4, 1), np.float32), ["Y"], dtype="uint8")
    reader = TrimapReader(path)
    assert reader.frames == ()
    assert reader.single == path
    assert reader.path(1001) == path
    assert (reader.read(1001) == FOREGROUND).all()


def test_a_sequence_has_frames_and_no_single_file(write_image, tmp_path):
    for frame in (1001, 1010):
        write_image(tmp_path / f"key.{frame}.exr", np.zeros((4, 4, 1), np.float32), ["A"])
    reader = TrimapReader(tmp_path / "key.####.exr")
    assert (reader.frames, reader.single) == ((1001, 1010), None)
    with pytest.raises(InputError, match=r"Frame 1005 '.*key.1005.exr' is missing"):
        reader.read(1005)


def test_outside_its_data_window_a_trimap_is_background(write_image, tmp_path):
    pixels = np.ones((2, 3, 1), np.float32)
    write_image(tmp_path / "key.0001.exr", pixels, ["A"], origin=(1, 1), display=(0, 0, 6, 5))
    reader = TrimapReader(tmp_path / "key.####.exr")
    expected = np.zeros((5, 6), np.uint8)
    expected[1:3, 1:4] = FOREGROUND
    np.testing.assert_array_equal(reader.read(1), expected)
    assert reader.header(1).display == Window(0, 0, 6, 5)


def test_a_channel_is_chosen(write_image, tmp_path):
    pixels = np.zeros((2, 3, 2), np.float32)
    pixels[..., 1] = 0.5
    write_image(tmp_path / "key.0001.exr", pixels, ["A", "roto.A"])
    assert (TrimapReader(tmp_path / "key.####.exr", channel="roto.A").read(1) == UNKNOWN).all()
    with pytest.raises(InputError, match="has no channel 'key'"):
        TrimapReader(tmp_path / "key.####.exr", channel="key").header(1)


def test_a_movie_is_refused(tmp_path):
    (tmp_path / "key.mov").touch()
    with pytest.raises(UsageError, match=r"is a movie; export it as PNG or EXR pictures"):
        TrimapReader(tmp_path / "key.mov")


@pytest.mark.parametrize("ending", ["png", "exr", "tif"])
def test_a_trimap_survives_being_written_and_read(tmp_path, ending):
    trimap = np.random.default_rng(3).choice(np.array([BACKGROUND, UNKNOWN, FOREGROUND], np.uint8), (7, 9))
    writer = TrimapWriter(tmp_path / "new" / f"key.####.{ending}")
    path = writer.write(12, trimap, ImageHeader.plain(9, 7))
    assert path == tmp_path / "new" / f"key.0012.{ending}"
    np.testing.assert_array_equal(TrimapReader(tmp_path / "new" / f"key.####.{ending}").read(12), trimap)


def test_a_trimap_keeps_the_display_window(tmp_path):
    header = ImageHeader(display=Window(-4, 2, 6, 5), data=Window(0, 3, 2, 2))
    writer = TrimapWriter(tmp_path / "key.####.exr")
    writer.write(1, np.full((5, 6), UNKNOWN, np.uint8), header)
    reader = TrimapReader(tmp_path / "key.####.exr")
    assert reader.header(1).display == header.display
    assert (reader.read(1) == UNKNOWN).all()


def test_a_lossy_output_is_wrong_usage(tmp_path):
    with pytest.raises(UsageError, match="would lose its values"):
        TrimapWriter(tmp_path / "key.####.jpg")


def test_trimaps_that_would_overwrite_each_other_are_wrong_usage(tmp_path):
    assert TrimapWriter(tmp_path / "key.png").paths((1001,)) == [tmp_path / "key.png"]
    with pytest.raises(UsageError, match=r"name it like key\.####\.png"):
        TrimapWriter(tmp_path / "key.png").paths((1001, 1002))
