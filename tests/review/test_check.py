"""What a last look at a shot's mattes finds."""

import json
import shutil

import numpy as np
import OpenImageIO as oiio
import pytest

from dvm_core.io.alpha_file import AlphaWriter
from dvm_core.io.plate import PlateReader
from dvm_core.io.trimap_file import TrimapReader
from dvm_core.review.check import FINDINGS, MADE_BY, SHEET, Files, check, inspect

FRAMES = (1001, 1002, 1003, 1004)
SIZE = (24, 36)


def write(path, pixels, kind="half"):
    pixels = np.atleast_3d(pixels)
    output = oiio.ImageOutput.create(str(path))
    spec = oiio.ImageSpec(pixels.shape[1], pixels.shape[0], pixels.shape[2], kind)
    if pixels.shape[2] == 1 and kind != "uint8":
        spec.channelnames = ("A",)
    assert output.open(str(path), spec)
    assert output.write_image(np.ascontiguousarray(pixels))
    output.close()


@pytest.fixture
def shot(tmp_path):
    """Plates, trimaps and alphas that are as they should be."""
    noise = np.random.default_rng(1)
    trimap = np.zeros(SIZE, np.uint8)
    trimap[6:18, 8:28], trimap[9:15, 12:24] = 128, 255
    for frame in FRAMES:
        write(tmp_path / f"plate.{frame}.exr", noise.random((*SIZE, 3), np.float32))
        write(tmp_path / f"trimap.{frame}.png", trimap, "uint8")
    files = Files(
        PlateReader(f"{tmp_path}/plate.####.exr", keep_linear=True),
        TrimapReader(f"{tmp_path}/trimap.####.png"),
        f"{tmp_path}/alpha.####.exr",
    )
    for frame in FRAMES:
        matte(files, frame, trimap / np.float32(255))
    return files


def matte(files, frame, alpha, **made_by):
    attributes = {name: "x" for name in MADE_BY} | {f"dvm:{key}": value for key, value in made_by.items()}
    writer = AlphaWriter(files.alpha)
    writer.write(frame, alpha.astype(np.float32), files.plate.header(frame), attributes=attributes)


def alpha_of(files, frame):
    return files.trimap.read(frame) / np.float32(255)


def test_good_mattes_have_no_problem_and_are_all_told_of(shot):
    seen = []
    found = check(shot, FRAMES, lambda frame, index, seconds: seen.append((frame, index)))
    assert found.problems == ()
    assert found.made_by["dvm:kernels"] == "x"
    assert seen == [(1001, 1), (1002, 2), (1003, 3), (1004, 4)]


def missing(shot):
    shot.path(1003).unlink()


def cut_short(shot):
    shot.path(1003).write_bytes(shot.path(1003).read_bytes()[:-40])


def no_picture(shot):
    shot.path(1003).write_bytes(b"nothing")


def out_of_range(shot):
    alpha = alpha_of(shot, 1003)
    alpha[7, 9] = 1.5
    write(shot.path(1003), alpha, "float")


def not_a_number(shot):
    alpha = alpha_of(shot, 1003)
    alpha[7, 9] = np.nan
    write(shot.path(1003), alpha, "float")


def of_another_size(shot):
    write(shot.path(1003), np.zeros((SIZE[0], SIZE[1] + 2), np.float32))


def of_another_trimap(shot):
    matte(shot, 1003, 1 - alpha_of(shot, 1003))


def by_other_kernels(shot):
    matte(shot, 1003, alpha_of(shot, 1003), kernels="cpu-avx2")


FAULTS = {
    missing: "missing",
    cut_short: "",
    no_picture: "",
    out_of_range: "outside",
    not_a_number: "NaN",
    of_another_size: "display window",
    of_another_trimap: "trimap",
    by_other_kernels: "dvm:kernels is cpu-avx2 and not x",
}


@pytest.mark.parametrize("spoil", FAULTS, ids=lambda spoil: spoil.__name__)
def test_a_spoiled_frame_is_found_and_no_other(shot, spoil):
    spoil(shot)
    found = check(shot, FRAMES)
    assert {problem.frame for problem in found.problems} == {1003}
    assert FAULTS[spoil] in " ".join(problem.message for problem in found.problems)
    assert all(problem.path == str(shot.path(1003)) for problem in found.problems)


def test_findings_and_sheet_are_written_also_where_a_frame_is_gone(shot, tmp_path):
    missing(shot)
    inspect(shot, FRAMES, tmp_path / "qc")
    document = json.loads((tmp_path / "qc" / FINDINGS).read_text())
    assert document["frames"] == "1001-1004"
    assert [problem["frame"] for problem in document["problems"]] == [1003]
    sheet = oiio.ImageBuf(str(tmp_path / "qc" / SHEET))
    assert sheet.spec().height > 3 * SIZE[0]


def test_nothing_to_show_is_no_mistake(shot, tmp_path):
    for frame in FRAMES:
        shot.path(frame).unlink()
    inspect(shot, FRAMES, tmp_path / "qc")
    assert not (tmp_path / "qc" / SHEET).exists()
    assert len(json.loads((tmp_path / "qc" / FINDINGS).read_text())["problems"]) == 4


def test_a_look_leaves_no_temporary_file(shot, tmp_path):
    inspect(shot, FRAMES, tmp_path / "qc")
    assert sorted(path.name for path in (tmp_path / "qc").iterdir()) == [FINDINGS, SHEET]
    shutil.rmtree(tmp_path / "qc")
