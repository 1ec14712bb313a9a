import numpy as np
import OpenImageIO as oiio
import pytest

from dvm_core.foreground import estimate


@pytest.fixture
def arguments(shot):
    return [
        "foreground",
        shot.plate,
        shot.folder / "truth.####.exr",
        "-o",
        shot.folder / "fg.####.exr",
        "--colorspace",
        "lin_rec709_scene",
    ]


def test_the_foreground_of_alphas_is_written_straight(dvm, shot, arguments, image_reader):
    ran = dvm(*arguments, "--range", "1001-1002")
    assert ran.code == 0, ran.err
    assert sorted(path.name for path in shot.folder.glob("fg.*")) == ["fg.1001.exr", "fg.1002.exr"]
    for frame in (1001, 1002):
        plate = image_reader(shot.folder / f"plate.{frame}.exr")
        alpha = image_reader(shot.folder / f"truth.{frame}.exr")[..., 0]
        written = image_reader(shot.folder / f"fg.{frame}.exr")
        np.testing.assert_allclose(written[..., :3], estimate(plate, alpha), rtol=2e-3, atol=1e-3)
        np.testing.assert_allclose(written[..., 3], alpha, atol=1e-3)


def test_a_plate_without_a_frame_of_the_alphas_is_code_3(dvm, shot, arguments):
    (shot.folder / "plate.1003.exr").unlink()
    ran = dvm(*arguments)
    assert ran.code == 3
    assert "has no frame 1003" in ran.err


def test_an_alpha_of_another_size_is_code_3(dvm, shot, arguments, image_writer):
    image_writer(shot.folder / "truth.1001.exr", np.zeros((20, 20, 1), np.float32), ("A",))
    ran = dvm(*arguments, "--range", "1001")
    assert ran.code == 3
    assert f"(frame 1001, {shot.folder / 'truth.1001.exr'})" in ran.err


def test_an_alpha_may_overshoot_but_not_hold_nan(dvm, shot, arguments, image_writer, image_reader):
    alpha = np.full((*shot.size, 1), 0.5, np.float32)
    alpha[3, 4], alpha[5, 6] = 1.25, -0.25
    image_writer(shot.folder / "truth.1001.exr", alpha, ("A",))
    assert dvm(*arguments, "--range", "1001").code == 0
    np.testing.assert_array_equal(image_reader(shot.folder / "fg.1001.exr")[..., 3], alpha[..., 0].clip(0, 1))
    alpha[7, 8] = np.nan
    image_writer(shot.folder / "truth.1002.exr", alpha, ("A",))
    ran = dvm(*arguments, "--range", "1002")
    assert ran.code == 3
    assert "NaN" in ran.err
    assert "truth.1002.exr" in ran.err


def test_the_colour_space_is_written_with_the_colour(dvm, shot, arguments):
    assert dvm(*arguments, "--range", "1001").code == 0
    assert oiio.ImageBuf(str(shot.folder / "fg.1001.exr")).spec()["oiio:ColorSpace"] == "lin_rec709_scene"


def test_the_plate_is_never_written_over(dvm, shot, arguments):
    plate = shot.folder / "plate.1001.exr"
    before = plate.read_bytes()
    arguments[arguments.index("-o") + 1] = shot.plate
    ran = dvm(*arguments, "--overwrite")
    assert ran.code == 2
    assert f"{plate} is read by this command" in ran.err
    assert plate.read_bytes() == before


def test_foregrounds_that_are_there_are_kept(dvm, shot, arguments):
    kept = shot.folder / "fg.1002.exr"
    kept.write_bytes(b"painted by hand")
    assert dvm(*arguments).code == 6
    assert kept.read_bytes() == b"painted by hand"
    assert not (shot.folder / "fg.1001.exr").exists()
    assert dvm(*arguments, "--overwrite", "--range", "1002").code == 0
    assert kept.read_bytes() != b"painted by hand"


def test_a_layer_of_the_plate_is_read(dvm, shot, arguments, image_writer, image_reader):
    pixels = np.zeros((*shot.size, 6), np.float32)
    pixels[..., 3:] = (0.1, 0.2, 0.3)
    names = ("R", "G", "B", "graded.R", "graded.G", "graded.B")
    image_writer(shot.folder / "plate.1001.exr", pixels, names)
    ran = dvm(*arguments, "--range", "1001", "--layer", "graded")
    assert ran.code == 0, ran.err
    written = image_reader(shot.folder / "fg.1001.exr")
    solid = image_reader(shot.folder / "truth.1001.exr")[..., 0] > 0.99
    assert solid.any()
    np.testing.assert_allclose(written[solid][:, :3], np.broadcast_to((0.1, 0.2, 0.3), (solid.sum(), 3)), atol=1e-3)


def test_a_way_to_number_movies_that_there_is_not_is_wrong_usage(dvm, arguments):
    ran = dvm(*arguments, "--movie-frames", "guess")
    assert ran.code == 2
    assert "count, timecode" in ran.err


def test_what_a_killed_one_left_is_cleared_away(dvm, shot, arguments, left_behind):
    part = left_behind(shot.folder / "fg.1003.exr")
    assert dvm(*arguments, "--range", "1001").code == 0
    assert not part.exists()
