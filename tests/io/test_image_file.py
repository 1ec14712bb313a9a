import struct
import threading

import numpy as np
import pytest

from dvm_core.bridge.errors import InputError
from dvm_core.io import image_file
from dvm_core.io.header import ImageHeader, Window
from dvm_core.io.image_file import ImageFile, over_display

DAMAGED = (
    "missing_chunks",
    "bytes_in_message",
    "deep_subsampled",
    "no_chunks",
    "subsampled",
    "not_exr",
    "sixteen_bytes",
    "no_channels",
)


def read_all(path, frame=1):
    with ImageFile(path, frame) as image:
        return image.read(0, range(image.parts[0].nchannels))


@pytest.mark.parametrize(("dtype", "expected"), [("half", np.float16), ("float", np.float32)])
def test_exr_pixels_come_as_stored(write_image, noise, tmp_path, dtype, expected):
    pixels = noise(5, 7, 3).astype(expected)
    read = read_all(write_image(tmp_path / "a.exr", pixels, dtype=dtype))
    assert read.dtype == expected
    np.testing.assert_array_equal(read, pixels)


@pytest.mark.parametrize("ending", ["png", "tif", "dpx"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_integers_come_as_stored(write_image, noise, tmp_path, ending, dtype):
    most = np.iinfo(dtype).max
    values = (noise(5, 7, 3) * most).astype(dtype)
    read = read_all(write_image(tmp_path / f"a.{ending}", values / np.float32(most), dtype=dtype))
    assert read.dtype == dtype
    np.testing.assert_array_equal(read, values)


def test_ten_bits_fill_sixteen(write_image, tmp_path):
    values = np.linspace(0, 1, 1023, dtype=np.float32).reshape(33, 31, 1).repeat(3, axis=2)
    read = read_all(write_image(tmp_path / "a.dpx", values, dtype="uint16", oiio__BitsPerSample=10))
    np.testing.assert_allclose(read / 65535, values, atol=0.6 / 1023)


def test_colour_is_not_multiplied_by_an_unassociated_alpha(write_image, noise, tmp_path):
    pixels = noise(4, 4, 4)
    pixels[..., 3] = 0
    path = write_image(tmp_path / "a.png", pixels, dtype="uint8", oiio__UnassociatedAlpha=1)
    np.testing.assert_allclose(read_all(path)[..., :3] / 255, pixels[..., :3], atol=0.51 / 255)


def test_tiles_and_channels_out_of_order_are_put_right(write_image, noise, tmp_path):
    pixels = noise(70, 90, 4).astype(np.float16)
    path = write_image(tmp_path / "a.exr", pixels, ["R", "G", "B", "Z"], tile=32)
    with ImageFile(path) as image:
        np.testing.assert_array_equal(image.read(0, [2, 0]), pixels[..., [2, 0]])


def test_pixels_outside_the_data_window_are_black():
    header = ImageHeader(display=Window(0, 0, 4, 3), data=Window(-1, 1, 3, 5))
    pixels = np.arange(1, 16, dtype=np.float32).reshape(5, 3, 1)
    expected = np.zeros((3, 4, 1), np.float32)
    expected[1:, :2] = pixels[:2, 1:]
    np.testing.assert_array_equal(over_display(pixels, header), expected)


def test_a_data_window_beside_the_display_window_leaves_it_black():
    header = ImageHeader(display=Window(0, 0, 4, 3), data=Window(4, 0, 2, 2))
    assert not over_display(np.ones((2, 2, 3), np.float16), header).any()


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_is_named_in_one_sentence(damaged, name):
    with pytest.raises(InputError, match=r"^Frame 7 '.*\.exr' .*[^.]\.$") as caught:
        read_all(damaged / f"{name}.exr", 7)
    assert caught.value.frame == 7
    assert "\n" not in caught.value.message
    assert caught.value.message.isprintable()


@pytest.mark.parametrize("compression", ["none", "zip", "piz", "dwaa"])
@pytest.mark.parametrize("kept", [0.0, 0.1, 0.6, 0.99])
def test_a_truncated_exr_is_never_read_in_part(write_image, noise, tmp_path, compression, kept):
    path = write_image(tmp_path / "a.0001.exr", noise(150, 200, 3), compression=compression)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(InputError, match=r"Frame 1 .*render or copy it again"):
        read_all(path)


@pytest.mark.parametrize(
    ("name", "attributes"),
    [("a.png", {}), ("a.tif", {}), ("a.dpx", {}), ("a.jpg", {}), ("b.jpg", {"jpeg__progressive": 1})],
)
@pytest.mark.parametrize("kept", [0.1, 0.6, 0.95])
def test_a_truncated_integer_file_is_never_read_in_part(write_image, noise, tmp_path, name, attributes, kept):
    path = write_image(tmp_path / name, noise(150, 200, 3), dtype="uint8", **attributes)
    read_all(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(InputError, match=r"Frame 1 .*render or copy it again"):
        read_all(path)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    for path in (tmp_path / "a.0003.exr", tmp_path):
        with pytest.raises(InputError, match=r"Frame 3 '.*' is missing"):
            ImageFile(path, 3)


def test_text_is_no_image(tmp_path):
    (tmp_path / "a.exr").write_text("not a picture")
    with pytest.raises(InputError, match="cannot be read"):
        ImageFile(tmp_path / "a.exr", 1)


@pytest.mark.parametrize("size", [(1 << 20, 4), (60000, 60000)])
def test_an_absurd_window_is_refused_before_anything_is_allocated(write_image, noise, tmp_path, size):
    path = write_image(tmp_path / "a.exr", noise(4, 4, 3))
    data = bytearray(path.read_bytes())
    at = data.index(b"displayWindow\0box2i\0") + len(b"displayWindow\0box2i\0") + 4
    data[at : at + 16] = struct.pack("<4i", 0, 0, size[0] - 1, size[1] - 1)
    path.write_bytes(data)
    with pytest.raises(InputError, match=rf"window of {size[0]} x {size[1]} pixels, which no picture has"):
        ImageFile(path, 1)


def test_a_deep_image_is_refused(tmp_path):
    import OpenImageIO as oiio

    spec = oiio.ImageSpec(4, 4, 2, "float")
    spec.channelnames = ("A", "Z")
    spec.deep = True
    samples = oiio.DeepData()
    samples.init(16, 2, (oiio.TypeFloat, oiio.TypeFloat), ("A", "Z"))
    output = oiio.ImageOutput.create("a.exr")
    assert output.open(str(tmp_path / "a.exr"), spec)
    assert output.write_deep_image(samples)
    assert output.close()
    with pytest.raises(InputError, match="is a deep image"):
        ImageFile(tmp_path / "a.exr", 1)


def luminance_chroma(path, luminance, red_chroma, blue_chroma):
    """Write an uncompressed EXR with Y at full and RY, BY at half resolution, byte by byte."""
    height, width = luminance.shape

    def attribute(name, kind, value):
        return name + b"\0" + kind + b"\0" + struct.pack("<i", len(value)) + value

    def channel(name, sampling):
        return name + b"\0" + struct.pack("<iB3xii", 1, 0, sampling, sampling)

    window = struct.pack("<4i", 0, 0, width - 1, height - 1)
    header = b"\x76\x2f\x31\x01" + struct.pack("<i", 2)
    header += attribute(b"channels", b"chlist", channel(b"BY", 2) + channel(b"RY", 2) + channel(b"Y", 1) + b"\0")
    header += attribute(b"compression", b"compression", b"\0")
    header += attribute(b"dataWindow", b"box2i", window) + attribute(b"displayWindow", b"box2i", window)
    header += attribute(b"lineOrder", b"lineOrder", b"\0")
    header += attribute(b"pixelAspectRatio", b"float", struct.pack("<f", 1))
    header += attribute(b"screenWindowCenter", b"v2f", struct.pack("<2f", 0, 0))
    header += attribute(b"screenWindowWidth", b"float", struct.pack("<f", 1)) + b"\0"
    chunks = []
    for y in range(height):
        rows = [] if y % 2 else [blue_chroma[y // 2], red_chroma[y // 2]]
        data = b"".join(row.astype("<f2").tobytes() for row in [*rows, luminance[y]])
        chunks.append(struct.pack("<2i", y, len(data)) + data)
    offsets, position = [], len(header) + 8 * height
    for chunk in chunks:
        offsets.append(position)
        position += len(chunk)
    path.write_bytes(header + struct.pack(f"<{height}Q", *offsets) + b"".join(chunks))
    return path


def test_subsampled_luminance_chroma_becomes_rgb(tmp_path):
    rgb = np.array([0.5, 0.25, 0.125])
    luminance = rgb @ [0.2126, 0.7152, 0.0722]
    path = luminance_chroma(
        tmp_path / "a.exr",
        np.full((40, 60), luminance),
        np.full((20, 30), (rgb[0] - luminance) / luminance),
        np.full((20, 30), (rgb[2] - luminance) / luminance),
    )
    read = read_all(path)
    assert read.shape == (40, 60, 3)
    np.testing.assert_allclose(read[8:-8, 8:-8], np.broadcast_to(rgb, (24, 44, 3)), rtol=5e-3)


def test_threads_may_open_ordinary_and_luminance_chroma_files_at_once(write_image, noise, tmp_path):
    grey = luminance_chroma(tmp_path / "y.exr", np.full((40, 60), 0.5), np.zeros((20, 30)), np.zeros((20, 30)))
    pixels = noise(40, 60, 3).astype(np.float16)
    plain = write_image(tmp_path / "p.exr", pixels)
    wrong = []

    def work():
        for _ in range(10):
            if not np.array_equal(read_all(plain), pixels) or abs(float(read_all(grey)[20, 30, 0]) - 0.5) > 0.01:
                wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert image_file.oiio.get_int_attribute("openexr:core") == 1


@pytest.mark.parametrize(("name", "options"), [("a.exr", {}), ("a.exr", {"tile": 32}), ("a.png", {"dtype": "uint8"})])
@pytest.mark.parametrize("lost", [1, 40, 2000])
def test_a_missing_end_is_found_without_reading_the_picture(write_image, noise, tmp_path, name, options, lost):
    path = write_image(tmp_path / name, noise(70, 90, 3), **options)
    with ImageFile(path) as image:
        image.require_end(0)
    path.write_bytes(path.read_bytes()[:-lost])
    with pytest.raises(InputError, match=r"a\.(exr|png)' (cannot be read|is cut short)"), ImageFile(path) as image:
        image.require_end(0)


def test_a_png_that_a_copy_has_reserved_but_not_filled_is_cut_short(write_image, noise, tmp_path):
    path = write_image(tmp_path / "a.png", noise(70, 90, 3), dtype="uint8")
    whole = path.read_bytes()
    path.write_bytes(whole[:-300] + bytes(300))
    with pytest.raises(InputError, match="cut short"), ImageFile(path) as image:
        image.require_end(0)
