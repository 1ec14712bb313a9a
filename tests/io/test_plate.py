from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from dvm_core.bridge.errors import InputError, UsageError
from dvm_core.io.header import Window
from dvm_core.io.plate import PlateReader


@pytest.fixture
def sequence(write_image, noise, tmp_path):
    """Three frames of (9, 13) half pixels, each with other values."""
    for frame in (1001, 1002, 1003):
        write_image(tmp_path / f"plate.{frame}.exr", noise(9, 13, 3) * (frame - 1000) / 4)
    return tmp_path / "plate.####.exr"


def test_frames_are_read_as_display_and_linear(sequence, noise, srgb):
    reader = PlateReader(sequence, keep_linear=True)
    assert reader.frames == (1001, 1002, 1003)
    plate = reader.read(1002)
    linear = (noise(9, 13, 3) / 2).astype(np.float16).astype(np.float32)
    assert (plate.frame, plate.path.name) == (1002, "plate.1002.exr")
    np.testing.assert_array_equal(plate.linear, linear)
    assert plate.linear_space == "lin_rec709_scene"
    np.testing.assert_allclose(plate.display, srgb(linear), atol=2e-5)
    assert plate.display.dtype == np.float32
    assert plate.display.flags.c_contiguous


def test_linear_light_is_only_kept_if_asked_for(sequence):
    assert PlateReader(sequence).read(1001).linear is None


def test_a_grey_plate_has_three_equal_channels(write_image, noise, tmp_path):
    write_image(tmp_path / "a.1.exr", noise(5, 7, 1), ["Y"])
    plate = PlateReader(tmp_path / "a.1.exr", keep_linear=True).read(1)
    assert plate.display.shape == (5, 7, 3)
    np.testing.assert_array_equal(plate.linear[..., 0], plate.linear[..., 2])


def test_the_frame_is_the_display_window(write_image, noise, tmp_path):
    pixels = noise(6, 8, 3).astype(np.float16)
    write_image(tmp_path / "a.0001.exr", pixels, origin=(-5, -4), display=(-3, -6, 10, 12))
    reader = PlateReader(tmp_path / "a.####.exr", keep_linear=True)
    expected = np.zeros((12, 10, 3), np.float32)
    expected[2:8, :6] = pixels[:, 2:]
    np.testing.assert_array_equal(reader.read(1).linear, expected)
    header = reader.header(1)
    assert (header.width, header.height) == (10, 12)
    assert header.data == Window(-5, -4, 8, 6)


def test_data_windows_may_differ_from_frame_to_frame(write_image, noise, tmp_path):
    for frame, origin in ((1, (0, 0)), (2, (3, 1))):
        write_image(tmp_path / f"a.{frame:04d}.exr", noise(4, 4, 3), origin=origin, display=(0, 0, 9, 7))
    reader = PlateReader(tmp_path / "a.####.exr")
    assert {reader.read(frame).display.shape for frame in reader.frames} == {(7, 9, 3)}


def test_a_layer_and_a_view_are_chosen(write_image, write_parts, noise, tmp_path):
    pixels = noise(5, 7, 6).astype(np.float16)
    layers = write_image(tmp_path / "a.exr", pixels, ["R", "G", "B", "fx.R", "fx.G", "fx.B"])
    linear = PlateReader(layers, layer="fx", keep_linear=True).read(1).linear
    np.testing.assert_array_equal(linear, pixels[..., 3:])
    views = write_parts(
        tmp_path / "b.exr",
        [
            (pixels[..., :3], "RGB", {"oiio__subimagename": "rgba.main", "view": "main"}),
            (pixels[..., 3:], "RGB", {"oiio__subimagename": "rgba.left", "view": "left"}),
        ],
    )
    np.testing.assert_array_equal(PlateReader(views, view="left", keep_linear=True).read(1).linear, pixels[..., 3:])
    np.testing.assert_array_equal(PlateReader(views, keep_linear=True).read(1).linear, pixels[..., :3])


def test_a_layer_that_is_not_there_is_named_with_those_that_are(sequence):
    reader = PlateReader(sequence, layer="fx")
    with pytest.raises(InputError, match=r"Frame 1002 '.*' has no layer 'fx'; it has \(main\)"):
        reader.read(1002)


def test_the_colour_space_is_said_with_its_reason(sequence):
    assert str(PlateReader(sequence).colorspace) == "lin_rec709_scene (untagged float file)"
    assert str(PlateReader(sequence, colorspace="ACEScg").colorspace) == "ACEScg (as asked)"


def test_an_unknown_colour_space_is_wrong_usage_before_any_frame_is_read(sequence):
    with pytest.raises(UsageError, match="near it are"):
        _ = PlateReader(sequence, colorspace="ACESgc").colorspace


def test_a_frame_in_another_space_is_not_guessed(write_image, noise, tmp_path):
    write_image(tmp_path / "a.0001.exr", noise(4, 4, 3))
    write_image(tmp_path / "a.0002.exr", noise(4, 4, 3), oiio__ColorSpace="lin_ap1_scene")
    reader = PlateReader(tmp_path / "a.####.exr")
    with pytest.raises(InputError, match=r"Frame 2 .* is in lin_ap1_scene .*, but the plate began in lin_rec709_scene"):
        reader.read(2)
    PlateReader(tmp_path / "a.####.exr", colorspace="ACEScg").read(2)


def test_a_missing_frame_is_named(sequence):
    with pytest.raises(InputError, match=r"Frame 1007 '.*plate.1007.exr' is missing") as caught:
        PlateReader(sequence).read(1007)
    assert caught.value.frame == 1007


def test_a_truncated_frame_is_named(sequence):
    bad = sequence.with_name("plate.1002.exr")
    bad.write_bytes(bad.read_bytes()[:-40])
    reader = PlateReader(sequence)
    for look in (reader.header, reader.read):
        with pytest.raises(InputError, match=r"Frame 1002 .*cannot be read whole"):
            look(1002)
        look(1003)


def test_frames_may_be_read_from_several_threads(sequence):
    reader = PlateReader(sequence)
    alone = {frame: reader.read(frame).display for frame in reader.frames}
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda frame: reader.read(frame), reader.frames * 10))
    assert all(np.array_equal(plate.display, alone[plate.frame]) for plate in together)


def test_a_studios_configuration_leads_to_the_same_picture(sequence, tmp_path, run_python):
    # House linear is ACEScg by another name: its matrix is that of AP1 to AP0.
    (tmp_path / "studio.ocio").write_text(
        """
ocio_profile_version: 2
roles: {default: raw, scene_linear: house_linear, aces_interchange: ap0}
displays: {d: [!<View> {name: v, colorspace: raw}]}
colorspaces:
  - !<ColorSpace> {name: raw, isdata: true}
  - !<ColorSpace> {name: ap0}
  - !<ColorSpace>
    name: house_linear
    to_scene_reference: !<MatrixTransform>
      matrix: [0.695452241357, 0.140678696470, 0.163869062172, 0, 0.044794563372, 0.859671118456, 0.095534318172, 0,
               -0.005525882558, 0.004025210306, 1.001500672252, 0, 0, 0, 0, 1]
"""
    )
    code = f"""
import numpy as np
from dvm_core.io.plate import PlateReader
np.save({str(tmp_path / "house.npy")!r}, PlateReader({str(sequence)!r}).read(1003).display)
"""
    run_python(code, OCIO=str(tmp_path / "studio.ocio"))
    expected = PlateReader(sequence, colorspace="ACEScg").read(1003).display
    np.testing.assert_allclose(np.load(tmp_path / "house.npy"), expected, atol=1e-4)


def test_the_same_beach_ball_comes_from_one_part_and_from_many(shared):
    for view in ("", "left"):
        single = PlateReader(shared / "Beachball" / "singlepart.####.exr", view=view)
        multi = PlateReader(shared / "Beachball" / "multipart.####.exr", view=view)
        assert single.frames == multi.frames == (1, 2, 3)
        np.testing.assert_array_equal(single.read(2).display, multi.read(2).display)


def test_xyz_and_rec709_files_of_one_picture_look_the_same(shared):
    xyz = PlateReader(shared / "Chromaticities" / "XYZ.exr")
    assert xyz.colorspace.why == "the file's chromaticities"
    rec709 = PlateReader(shared / "Chromaticities" / "Rec709.exr")
    np.testing.assert_allclose(xyz.read(1).display, rec709.read(1).display, atol=6e-3)


def test_luminance_chroma_looks_like_rgb(shared):
    coded = PlateReader(shared / "Chromaticities" / "Rec709_YC.exr").read(1).display
    rec709 = PlateReader(shared / "Chromaticities" / "Rec709.exr").read(1).display
    assert np.abs(coded - rec709).mean() < 0.006


@pytest.mark.parametrize("name", [f"t{number:02d}" for number in range(1, 17)])
def test_every_pair_of_windows_shows_its_part_of_the_picture(shared, name):
    whole = PlateReader(shared / "DisplayWindow" / "t08.exr", keep_linear=True).read(1)
    plate = PlateReader(shared / "DisplayWindow" / f"{name}.exr", keep_linear=True).read(1)
    shift = whole.header.data.x - plate.header.data.x, whole.header.data.y - plate.header.data.y
    mine = plate.header.display
    moved = Window(mine.x + shift[0], mine.y + shift[1], mine.width, mine.height)
    seen = moved.intersect(whole.header.data)
    assert plate.linear.shape == (mine.height, mine.width, 3)
    if not seen.empty:
        np.testing.assert_array_equal(plate.linear[seen.within(moved)], whole.linear[seen.within(whole.header.display)])
    assert np.count_nonzero(plate.linear.any(axis=2)) <= seen.area
