import shutil
import time

import numpy as np
import OpenImageIO as oiio
import pytest

from dvm_core.bridge.errors import InputError
from dvm_core.io.plate import PlateReader
from dvm_core.io.trimap_file import TrimapReader
from dvm_core.pipeline.preflight import listed, missing, refuse, survey


def write(path, pixels, dtype="half", **attributes):
    spec = oiio.ImageSpec(pixels.shape[1], pixels.shape[0], pixels.shape[2], dtype)
    for name, value in attributes.items():
        spec.attribute(name.replace("__", ":"), value)
    output = oiio.ImageOutput.create(str(path))
    assert output.open(str(path), spec)
    assert output.write_image(np.ascontiguousarray(pixels))
    output.close()


def noise(height, width, channels, seed=0):
    return np.random.default_rng(seed).random((height, width, channels), dtype=np.float32)


@pytest.fixture
def shot(tmp_path):
    """Writes so many frames from 1001 and gives what reads them."""

    def make(count, size=(20, 30)):
        write(tmp_path / "plate.1001.exr", noise(*size, 3))
        write(tmp_path / "trimap.1001.png", noise(*size, 1), "uint8")
        for frame in range(1002, 1001 + count):
            shutil.copy(tmp_path / "plate.1001.exr", tmp_path / f"plate.{frame}.exr")
            shutil.copy(tmp_path / "trimap.1001.png", tmp_path / f"trimap.{frame}.png")
        return tmp_path

    return make


def look(folder, frames):
    return survey(PlateReader(f"{folder}/plate.####.exr"), TrimapReader(f"{folder}/trimap.####.png"), list(frames))


def cut(path, bytes_lost=30):
    path.write_bytes(path.read_bytes()[:-bytes_lost])


def test_a_sound_shot_has_a_size_and_no_problem(shot):
    assert look(shot(3), range(1001, 1004)) == ((20, 30), [])


def test_every_planted_fault_is_found_at_once(shot):
    folder = shot(12)
    cut(folder / "plate.1003.exr")
    (folder / "plate.1004.exr").write_bytes(b"no picture")
    cut(folder / "trimap.1005.png")
    (folder / "plate.1006.exr").unlink()
    write(folder / "plate.1007.exr", noise(20, 31, 3))
    write(folder / "trimap.1008.png", noise(21, 30, 1), "uint8")
    write(folder / "plate.1009.exr", noise(20, 30, 3), oiio__ColorSpace="ACEScg")
    size, problems = look(folder, range(1001, 1013))
    assert size == (20, 30)
    told = {frame: [p.sentence for p in problems if p.frame == frame] for frame in range(1001, 1013)}
    assert {frame for frame, sentences in told.items() if sentences} == set(range(1003, 1010))
    assert "30x20 but frame 1007 has 31x20" in told[1007][0]
    assert "30x21, but the plate has 30x20" in told[1008][0]
    assert "lin_ap1_scene" in told[1009][0] or "ACEScg" in told[1009][0]
    with pytest.raises(InputError, match=r"^The shot has 8 problems: \(1\) .*1003.*; \(8\) .*\.$"):
        refuse(problems)


def test_one_problem_is_said_as_it_is(shot):
    with pytest.raises(InputError, match=r"^The plate p has no file for frames 2, 3; look there\.$") as caught:
        refuse(missing((1, 2, 3), (1,), "plate", "p", "look there"))
    assert caught.value.frame == 2
    refuse([])


def test_faults_beyond_the_first_dozen_are_told_by_their_frames(shot):
    folder = shot(40)
    for frame in range(1001, 1041):
        cut(folder / f"plate.{frame}.exr")
    _, problems = look(folder, range(1001, 1041))
    assert "1013-1040" in problems[-1].sentence
    assert len(problems) == 13


def test_a_whole_shot_of_another_size_is_one_problem(shot):
    folder = shot(30)
    for frame in range(1020, 1031):
        write(folder / f"plate.{frame}.exr", noise(20, 31, 3))
        write(folder / f"trimap.{frame}.png", noise(20, 31, 1), "uint8")
    _, problems = look(folder, range(1001, 1031))
    assert [problem.frame for problem in problems] == [1020]
    assert "1020-1030" in problems[0].sentence


def test_a_damaged_first_plate_is_one_problem_and_hides_no_other(shot):
    folder = shot(6)
    cut(folder / "plate.1001.exr")
    cut(folder / "trimap.1004.png")
    _, problems = look(folder, range(1001, 1007))
    assert [problem.frame for problem in problems] == [1001, 1004]


def test_a_frame_that_is_just_being_copied_is_looked_at_again(shot, monkeypatch):
    folder = shot(3)
    whole = (folder / "plate.1002.exr").read_bytes()
    cut(folder / "plate.1002.exr")
    monkeypatch.setattr(time, "sleep", lambda seconds: (folder / "plate.1002.exr").write_bytes(whole))
    assert look(folder, range(1001, 1004))[1] == []


def test_many_frames_are_named_as_ranges():
    assert listed((1, 2, 5)) == "1, 2, 5"
    assert listed(range(1, 31)) == "1-30"


def test_of_a_thousand_headers_every_fault_is_found(shot):
    folder = shot(1000, size=(54, 96))
    planted = set(range(1010, 2001, 97))
    for frame in planted:
        cut(folder / f"plate.{frame}.exr")
    cut(folder / "trimap.1500.png")
    _, problems = look(folder, range(1001, 2001))
    assert {problem.frame for problem in problems} == planted | {1500}


def test_a_copy_that_goes_on_is_waited_for_and_damage_that_stays_is_not(shot, monkeypatch):
    """A step at each wait: the copy is whole at the last one."""
    folder = shot(3)
    whole = (folder / "plate.1002.exr").read_bytes()
    steps = [whole[:200], whole[:300], whole]
    monkeypatch.setattr(time, "sleep", lambda seconds: (folder / "plate.1002.exr").write_bytes(steps.pop(0)))
    cut(folder / "plate.1002.exr")
    assert look(folder, range(1001, 1004)) == ((20, 30), [])
    assert steps == []
    waits = []
    monkeypatch.setattr(time, "sleep", waits.append)
    cut(folder / "plate.1002.exr")
    assert [problem.frame for problem in look(folder, range(1001, 1004))[1]] == [1002]
    assert len(waits) == 1


def test_a_file_that_is_back_at_the_second_look_was_never_gone(shot, monkeypatch):
    folder = shot(3)
    plates, trimaps = PlateReader(f"{folder}/plate.####.exr"), TrimapReader(f"{folder}/trimap.####.png")
    whole = (folder / "plate.1003.exr").read_bytes()
    (folder / "plate.1003.exr").unlink()
    monkeypatch.setattr(time, "sleep", lambda seconds: (folder / "plate.1003.exr").write_bytes(whole))
    assert survey(plates, trimaps, [1001, 1002, 1003]) == ((20, 30), [])
