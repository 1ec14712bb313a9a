"""A still: one frame, whose files need no place for a frame number."""

import shutil

import numpy as np
import pytest


@pytest.fixture
def still(shot):
    """The folder of a shot, with one of its frames under plain names as well."""
    for kind, ending in (("plate", "exr"), ("trimap", "png"), ("truth", "exr")):
        shutil.copy(shot.folder / f"{kind}.1002.{ending}", shot.folder / f"still_{kind}.{ending}")
    return shot.folder


@pytest.fixture
def arguments(still):
    plate, trimap = still / "still_plate.exr", still / "still_trimap.png"
    return ["matte", plate, "--trimap", trimap, "-o", still / "a.exr", "--model", "closed-form", "-q"]


def test_a_still_is_matted_to_plain_names(dvm, still, arguments, image_reader):
    ran = dvm(*arguments, "--fg", still / "f.exr")
    assert ran.code == 0, ran.err
    alpha, truth = image_reader(still / "a.exr"), image_reader(still / "still_truth.exr")
    assert np.abs(alpha - truth).mean() < 0.05
    np.testing.assert_array_equal(image_reader(still / "f.exr")[..., 3:], alpha)


def test_one_frame_of_a_shot_may_have_a_plain_name(dvm, shot, image_reader):
    arguments = [*shot.arguments[:5], shot.folder / "a.exr", *shot.arguments[6:]]
    assert dvm(*arguments, "--range", "1003").code == 0
    assert dvm(*shot.arguments, "--range", "1003").code == 0
    np.testing.assert_array_equal(image_reader(shot.folder / "a.exr"), image_reader(shot.alpha(1003)))


@pytest.mark.parametrize("plain", ["-o", "--fg"])
@pytest.mark.parametrize("more", [(), ("--overwrite",), ("--resume",), ("--dry-run",)])
def test_several_frames_under_one_plain_name_are_code_2(dvm, shot, plain, more):
    arguments = [*shot.arguments, "--fg", shot.folder / "fg.####.exr", *more]
    arguments[arguments.index(plain) + 1] = shot.folder / "alpha.exr"
    ran = dvm(*arguments)
    assert ran.code == 2
    assert "4 frames; name it like alpha.####.exr." in ran.err
    assert not list(shot.folder.glob("alpha*"))


def test_resuming_never_takes_another_frame_for_this_one(dvm, shot, image_reader):
    arguments = [*shot.arguments[:5], shot.folder / "a.exr", *shot.arguments[6:], "--resume"]
    assert dvm(*arguments, "--range", "1001").code == 0
    first = image_reader(shot.folder / "a.exr")
    assert dvm(*arguments, "--range", "1004").code == 0
    assert (image_reader(shot.folder / "a.exr") != first).any()


def test_what_the_job_reads_is_never_overwritten(dvm, shot):
    folder = shot.folder / "plates"
    folder.mkdir()
    for frame in shot.frames:
        shutil.move(shot.folder / f"plate.{frame}.exr", folder)
    plate = folder / "plate.1002.exr"
    before = plate.read_bytes()
    ran = dvm("matte", folder, "-t", shot.trimap, "-o", plate, "--range", "1002", "--overwrite")
    assert ran.code == 2
    assert "plate.1002.exr is read by this job" in ran.err
    assert plate.read_bytes() == before


def test_trimaps_and_foregrounds_of_a_still_have_plain_names_too(dvm, still):
    ran = dvm("trimap", "make", still / "still_truth.exr", "-o", still / "key.png")
    assert ran.code == 0, ran.err
    assert ran.out.split() == [str(still / "key.png")]
    ran = dvm("foreground", still / "still_plate.exr", still / "still_truth.exr", "-o", still / "f.exr")
    assert ran.code == 0, ran.err
    assert ran.out.split() == [str(still / "f.exr")]


def test_several_trimaps_or_foregrounds_under_one_plain_name_are_code_2(dvm, shot):
    truth = shot.folder / "truth.####.exr"
    for words in (("trimap", "make", truth, "-o", "key.png"), ("foreground", shot.plate, truth, "-o", "key.exr")):
        ran = dvm(*words[:-1], shot.folder / words[-1])
        assert ran.code == 2
        assert "4 frames; name it like key.####" in ran.err
        assert not list(shot.folder.glob("key*"))
