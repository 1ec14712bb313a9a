from concurrent.futures import ThreadPoolExecutor

import numpy as np
import OpenImageIO as oiio
import pytest

from dvm_core.bridge.errors import UsageError
from dvm_core.io.alpha_file import COMPRESSIONS, AlphaWriter, ForegroundWriter
from dvm_core.io.header import ImageHeader, Window
from dvm_core.io.image_file import ImageFile
from dvm_core.io.matte_file import read_channel
from dvm_core.io.plate import PlateReader


def read(path):
    with ImageFile(path) as image:
        spec = image.parts[0]
        return spec, image.read(0, range(spec.nchannels)).astype(np.float32)


@pytest.fixture
def alpha():
    """Alpha (6, 8) in steps that a half holds exactly, not 0 anywhere."""
    return np.arange(1, 49, dtype=np.float32).reshape(6, 8) / 64


PLAIN = ImageHeader.plain(8, 6)


def test_alpha_is_one_half_channel_named_a(tmp_path, alpha):
    path = AlphaWriter(tmp_path / "a.####.exr").write(1001, alpha, PLAIN)
    assert path == tmp_path / "a.1001.exr"
    spec, pixels = read(path)
    assert (spec.channelnames, str(spec.format), spec.get_string_attribute("compression")) == (("A",), "half", "zip")
    np.testing.assert_array_equal(pixels[..., 0], alpha)


def test_matte_is_alpha_four_times(tmp_path, alpha):
    spec, pixels = read(AlphaWriter(tmp_path / "a.####.exr", channels="matte").write(1, alpha, PLAIN))
    assert spec.channelnames == ("R", "G", "B", "A")
    np.testing.assert_array_equal(pixels, np.repeat(alpha[..., None], 4, axis=2))


def test_rgba_is_premultiplied_and_tagged(tmp_path, alpha, noise):
    rgb = noise(6, 8, 3)
    writer = AlphaWriter(tmp_path / "a.####.exr", channels="rgba", half=False)
    spec, pixels = read(writer.write(1, alpha, PLAIN, rgb=rgb, attributes={"oiio:ColorSpace": "lin_ap1_scene"}))
    np.testing.assert_array_equal(pixels, np.dstack([rgb * alpha[..., None], alpha]))
    assert spec.get_string_attribute("oiio:ColorSpace") == "lin_ap1_scene"
    assert spec.getattribute("chromaticities")[:2] == pytest.approx((0.713, 0.293))


def test_a_foreground_is_straight(tmp_path, alpha, noise):
    rgb = noise(6, 8, 3)
    spec, pixels = read(ForegroundWriter(tmp_path / "a.####.exr", half=False).write(1, rgb, alpha, PLAIN))
    assert spec.channelnames == ("R", "G", "B", "A")
    np.testing.assert_array_equal(pixels, np.dstack([rgb, alpha]))


def test_what_a_half_cannot_hold_is_its_largest_value_and_never_infinite(tmp_path, alpha):
    rgb = np.full((6, 8, 3), (1e30, -1e30, 60000.0), np.float32)
    _, pixels = read(ForegroundWriter(tmp_path / "h.####.exr").write(1, rgb, alpha, PLAIN))
    np.testing.assert_array_equal(pixels[..., :3], np.float16([65504, -65504, 60000]) * np.ones((6, 8, 1), np.float16))
    _, pixels = read(ForegroundWriter(tmp_path / "f.####.exr", half=False).write(1, rgb, alpha, PLAIN))
    np.testing.assert_array_equal(pixels[..., :3], rgb)


def test_full_floats_are_kept(tmp_path):
    alpha = np.random.default_rng(2).random((6, 8), np.float32)
    spec, pixels = read(AlphaWriter(tmp_path / "a.####.exr", half=False).write(1, alpha, PLAIN))
    assert str(spec.format) == "float"
    np.testing.assert_array_equal(pixels[..., 0], alpha)


def test_values_are_within_0_and_1_and_never_nan(tmp_path):
    alpha = np.array([[-0.5, np.nan, np.inf, -np.inf, 1.5, 0.25]], np.float32)
    path = AlphaWriter(tmp_path / "a.####.exr").write(1, alpha, ImageHeader.plain(6, 1))
    np.testing.assert_array_equal(read_channel(path), [[0, 0, 1, 0, 1, 0.25]])


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_every_compression_writes_what_reads_back(tmp_path, compression):
    alpha = np.linspace(0, 1, 64 * 40, dtype=np.float32).reshape(40, 64)
    path = AlphaWriter(tmp_path / "a.####.exr", compression=compression).write(1, alpha, ImageHeader.plain(64, 40))
    np.testing.assert_allclose(read_channel(path), alpha, atol=0.02)


def test_windows_pixel_aspect_and_time_code_are_the_plates(write_image, noise, tmp_path):
    spec_path = write_image(
        tmp_path / "plate.0001.exr",
        noise(6, 8, 3),
        origin=(-4, 1),
        display=(-2, -3, 10, 7),
        PixelAspectRatio=2.0,
        DateTime="2026:01:02 03:04:05",
    )
    header = PlateReader(spec_path).header(1)
    spec, _ = read(AlphaWriter(tmp_path / "a.####.exr").write(1, np.zeros((7, 10), np.float32), header))
    assert (spec.full_x, spec.full_y, spec.full_width, spec.full_height) == (-2, -3, 10, 7)
    # The plate's data window, cut to the display window.
    assert (spec.x, spec.y, spec.width, spec.height) == (-2, 1, 6, 3)
    assert spec.get_float_attribute("PixelAspectRatio") == 2.0
    assert spec.get_string_attribute("DateTime") == "2026:01:02 03:04:05"


@pytest.mark.parametrize("rate", ["framesPerSecond", "FramesPerSecond"])
def test_time_code_frame_rate_and_camera_survive(tmp_path, alpha, rate):
    """The rate under OpenEXR's name, whichever of the two the plate has."""
    made = oiio.ImageSpec(8, 6, 3, "half")
    made.attribute("smpte:TimeCode", oiio.TypeTimeCode, (0x01020304, 0))
    made.attribute(rate, oiio.TypeRational, (24000, 1001))
    made.attribute("lensModel", "S4/i 50mm")
    made.attribute("focus", 2.5)
    made.attribute("ImageDescription", "of the plate alone")
    spec, _ = read(AlphaWriter(tmp_path / "a.####.exr").write(1, alpha, ImageHeader.of_spec(made)))
    assert spec.getattribute("smpte:TimeCode") == made.getattribute("smpte:TimeCode")
    assert tuple(spec.getattribute("framesPerSecond")) == (24000, 1001)
    assert (spec.getattribute("lensModel"), spec.getattribute("focus")) == ("S4/i 50mm", 2.5)
    assert spec.getattribute("ImageDescription") is None


def test_alpha_outside_the_plates_data_window_is_not_lost(tmp_path):
    header = ImageHeader(display=Window(0, 0, 10, 8), data=Window(5, 5, 20, 20))
    alpha = np.zeros((8, 10), np.float32)
    alpha[2, 1] = 1
    path = AlphaWriter(tmp_path / "a.####.exr").write(1, alpha, header)
    np.testing.assert_array_equal(read_channel(path), alpha)
    with ImageFile(path) as image:
        assert ImageHeader.of_spec(image.parts[0]).data == Window(1, 2, 9, 6)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_plate_without_pixels_in_its_display_window_has_an_alpha(tmp_path, value):
    header = ImageHeader(display=Window(0, 0, 10, 8), data=Window(50, 50, 4, 4))
    alpha = np.full((8, 10), value, np.float32)
    np.testing.assert_array_equal(read_channel(AlphaWriter(tmp_path / "a.####.exr").write(1, alpha, header)), alpha)


def test_attributes_are_written(tmp_path, alpha):
    path = AlphaWriter(tmp_path / "a.####.exr").write(
        1, alpha, PLAIN, attributes={"dvm:model": "lite", "dvm:job": "ab"}
    )
    spec, _ = read(path)
    assert spec.get_string_attribute("dvm:model") == "lite"
    assert spec.get_string_attribute("dvm:job") == "ab"


def test_equal_pixels_mean_equal_files(tmp_path, alpha, monkeypatch):
    first = AlphaWriter(tmp_path / "a.####.exr").write(1, alpha, PLAIN)
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    second = AlphaWriter(tmp_path / "b.####.exr").write(1, alpha, PLAIN)
    assert first.read_bytes() == second.read_bytes()
    # The time of day is what would differ.
    assert not read(first)[0].get_string_attribute("DateTime")


def test_alpha_need_not_be_contiguous(tmp_path, alpha):
    path = AlphaWriter(tmp_path / "a.####.exr").write(1, alpha[:, ::-1], PLAIN)
    np.testing.assert_array_equal(read_channel(path), alpha[:, ::-1])
    path = AlphaWriter(tmp_path / "a.####.exr").write(2, alpha.T, ImageHeader.plain(6, 8))
    np.testing.assert_array_equal(read_channel(path), alpha.T)


def test_threads_may_share_a_writer(tmp_path, alpha):
    writer = AlphaWriter(tmp_path / "a.####.exr")
    with ThreadPoolExecutor(4) as pool:
        paths = list(pool.map(lambda frame: writer.write(frame, alpha * (frame / 40), PLAIN), range(40)))
    assert sorted(tmp_path.iterdir()) == paths
    for frame, path in enumerate(paths):
        np.testing.assert_allclose(read_channel(path), alpha * (frame / 40), atol=5e-4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"channels": "rgb"}, "'rgb' is no channel layout; choose one of alpha, matte, rgba"),
        ({"compression": "lzma"}, "'lzma' is no EXR compression"),
    ],
)
def test_wrong_options_are_wrong_usage(tmp_path, options, message):
    with pytest.raises(UsageError, match=message):
        AlphaWriter(tmp_path / "a.####.exr", **options)


@pytest.mark.parametrize("pattern", ["alpha.####.png", "alpha.####", "alpha"])
def test_an_output_is_exr(tmp_path, pattern):
    with pytest.raises(UsageError, match="is not EXR"):
        AlphaWriter(tmp_path / pattern)


def test_alphas_that_would_overwrite_each_other_are_wrong_usage(tmp_path):
    assert AlphaWriter(tmp_path / "alpha.exr").paths((1001,)) == [tmp_path / "alpha.exr"]
    with pytest.raises(UsageError, match=r"name it like alpha\.####\.exr"):
        AlphaWriter(tmp_path / "alpha.exr").paths((1001, 1002))


def test_a_size_that_is_not_the_headers_is_our_own_fault(tmp_path, alpha):
    with pytest.raises(ValueError, match=r"must be \(H, W\) = \(6, 8\) of the header, got \(8, 6\)"):
        AlphaWriter(tmp_path / "a.####.exr").write(1, alpha.T, PLAIN)
    with pytest.raises(ValueError, match="needs the plate's colour"):
        AlphaWriter(tmp_path / "a.####.exr", channels="rgba").write(1, alpha, PLAIN)
