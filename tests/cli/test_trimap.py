import numpy as np
import pytest

from dvm_core.trimap.create import make_trimap


def _arguments(shot, *more):
    return ["trimap", "make", shot.folder / "truth.####.exr", "-o", shot.folder / "made.####.png", *more]


def test_trimaps_are_made_frame_by_frame(dvm, shot, image_reader):
    ran = dvm(*_arguments(shot, "--erode", "2", "--dilate", "4"))
    assert ran.code == 0, ran.err
    assert ran.out.splitlines() == [str(shot.folder / f"made.{frame}.png") for frame in shot.frames]
    for frame in shot.frames:
        matte = image_reader(shot.folder / f"truth.{frame}.exr")[..., 0]
        made = np.rint(image_reader(shot.folder / f"made.{frame}.png")[..., 0] * 255)
        np.testing.assert_array_equal(made, make_trimap(matte, erode=2, dilate=4))


def test_what_is_made_can_be_matted_with(dvm, shot):
    assert dvm(*_arguments(shot)).code == 0
    arguments = [str(shot.folder / "made.####.png") if word == shot.trimap else word for word in shot.arguments]
    ran = dvm(*arguments, "--range", "1002")
    assert ran.code == 0, ran.err


def test_a_channel_and_a_range_can_be_chosen(dvm, shot, image_writer, image_reader):
    pixels = np.zeros((*shot.size, 4), np.float32)
    pixels[5:20, 8:30, 2] = 1
    image_writer(shot.folder / "truth.1003.exr", pixels, ("R", "G", "B", "A"))
    ran = dvm(*_arguments(shot, "--channel", "B", "--range", "1003", "--erode", "1"))
    assert ran.code == 0, ran.err
    assert not (shot.folder / "made.1002.png").exists()
    assert image_reader(shot.folder / "made.1003.png").max() == 1


def test_a_picture_without_a_number_is_frame_1(dvm, shot, image_writer):
    image_writer(shot.folder / "mask.png", np.full((*shot.size, 1), 255, np.uint8), ("Y",), "uint8")
    ran = dvm("trimap", "make", shot.folder / "mask.png", "-o", shot.folder / "key.####.png")
    assert ran.code == 0, ran.err
    assert (shot.folder / "key.0001.png").exists()


def test_trimaps_that_are_there_are_kept_unless_told_otherwise(dvm, shot):
    kept = shot.folder / "made.1003.png"
    kept.write_bytes(b"painted by hand")
    ran = dvm(*_arguments(shot))
    assert ran.code == 6
    assert "made.1003.png" in ran.err
    assert kept.read_bytes() == b"painted by hand"
    assert not (shot.folder / "made.1001.png").exists()
    assert dvm(*_arguments(shot, "--overwrite")).code == 0
    assert kept.read_bytes() != b"painted by hand"


@pytest.mark.parametrize(
    ("more", "code"),
    [(("--range", "1003-1006"), 3), (("--range", "x"), 2), (("--erode", "-1"), 2), (("--channel", "Z"), 3)],
)
def test_what_cannot_be_done_ends_in_its_code(dvm, shot, more, code):
    ran = dvm(*_arguments(shot, *more))
    assert ran.code == code
    assert not (shot.folder / "made.1001.png").exists()


def test_frames_that_the_matte_has_not_are_named(dvm, shot):
    ran = dvm(*_arguments(shot, "--range", "1003-1006"))
    assert "has no frame 1005-1006; it has 1001-1004." in ran.err


def test_a_matte_with_nan_is_named_with_its_frame(dvm, shot, image_writer):
    image_writer(shot.folder / "truth.1002.exr", np.full((*shot.size, 1), np.nan, np.float32), ("A",))
    ran = dvm(*_arguments(shot))
    assert ran.code == 3
    assert "NaN" in ran.err
    assert f"(frame 1002, {shot.folder / 'truth.1002.exr'})" in ran.err


def test_the_matte_is_never_written_over(dvm, shot):
    matte = shot.folder / "truth.1001.exr"
    before = matte.read_bytes()
    ran = dvm("trimap", "make", shot.folder, "-o", matte, "--overwrite", "--range", "1001")
    assert ran.code == 3  # a folder of several sequences
    ran = dvm("trimap", "make", matte, "-o", shot.folder / "truth.####.exr", "--overwrite")
    assert ran.code == 2
    assert f"{matte} is read by this command" in ran.err
    assert matte.read_bytes() == before


def test_what_a_killed_one_left_is_cleared_away(dvm, shot, left_behind):
    part = left_behind(shot.folder / "made.1003.png")
    assert dvm(*_arguments(shot, "--range", "1001")).code == 0
    assert not part.exists()
