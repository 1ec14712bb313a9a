"""What a resumed job keeps, and what it makes again."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import pytest

from dvm_core.model import weight_file, weights
from dvm_core.pipeline import run_job


def read(path):
    return oiio.ImageBuf(str(path)).get_pixels("float")


def run(job, **arguments):
    events = []
    return run_job(job, emit=events.append, **arguments), events


def files(folder):
    return sorted(path.name for path in Path(folder).iterdir())


def test_resuming_makes_what_is_missing_and_nothing_else(job, shot):
    run(job("whole"))
    run(job(range="1001-1004"))
    (shot / "out" / "alpha.1002.exr").unlink()
    result, _ = run(job(settings={"existing": "resume"}))
    assert result.frames == (1002, 1005, 1006, 1007, 1008)
    for name in files(shot / "whole"):
        assert (shot / "out" / name).read_bytes() == (shot / "whole" / name).read_bytes()


def test_resuming_redoes_what_other_settings_or_a_stranger_made(job, shot, write):
    run(job(range="1001-1002", settings={"channels": "matte"}))
    write(shot / "out" / "alpha.1003.exr", np.zeros((48, 64, 1), np.float32))
    (shot / "out" / "alpha.1004.exr").write_bytes(b"half a file")
    result, _ = run(job(settings={"existing": "resume"}))
    assert result.frames == tuple(range(1001, 1009))


def test_resuming_redoes_what_was_matted_at_another_size_and_keeps_what_auto_would_choose(job):
    run(job(settings={"reduce": 2}))
    result, _ = run(job(settings={"existing": "resume"}))
    assert result.frames == tuple(range(1001, 1009))
    result, _ = run(job(settings={"existing": "resume", "reduce": 1}))
    assert result.frames == ()


def test_resuming_redoes_a_file_that_was_cut_short_since(job, shot):
    run(job())
    cut = shot / "out" / "alpha.1003.exr"
    whole = cut.read_bytes()
    cut.write_bytes(whole[:-20])
    result, _ = run(job(settings={"existing": "resume"}))
    assert result.frames == (1003,)
    assert cut.read_bytes() == whole


@pytest.fixture
def repaint(write):
    return lambda path, unknown: write(path, trimap_of(unknown), "uint8")


def trimap_of(unknown):
    """A trimap that is unknown in a box of (top, left, bottom, right), around a foreground."""
    trimap = np.zeros((48, 64), np.uint8)
    trimap[20:28, 26:34] = 255
    top, left, bottom, right = unknown
    trimap[top:bottom, left:right][trimap[top:bottom, left:right] == 0] = 128
    return trimap


RESUME = {"existing": "resume"}


@pytest.mark.parametrize("divisor", [1, 2])
def test_resuming_redoes_what_a_changed_trimap_reaches_and_gives_what_a_new_run_gives(job, shot, repaint, divisor):
    run(job(settings={"reduce": divisor}))
    repaint(shot / "trimap.1004.png", (10, 12, 38, 50))
    result, _ = run(job(settings=RESUME | {"reduce": divisor}))
    assert result.frames == (1003, 1004, 1005)
    assert result.kept == (1001, 1002, 1006, 1007, 1008)
    run(job("new", settings={"reduce": divisor}))
    for name in files(shot / "new"):
        assert (shot / "out" / name).read_bytes() == (shot / "new" / name).read_bytes()


def test_a_repainted_trimap_is_nothing_to_frames_whose_window_it_is_not_in(job, shot, repaint):
    for frame in range(1001, 1009):
        repaint(shot / f"trimap.{frame}.png", (10, 12, 38, 50))
    run(job())
    repaint(shot / "trimap.1004.png", (8, 10, 40, 52))
    result, _ = run(job(settings=RESUME))
    assert result.frames == (1003, 1004, 1005)
    run(job("new"))
    for name in files(shot / "new"):
        assert (shot / "out" / name).read_bytes() == (shot / "new" / name).read_bytes()


def test_a_repainted_keyframe_redoes_its_two_segments_at_most(job, shot, repaint):
    for frame in (1001, 1003, 1005, 1007, 1008):
        shutil.copy(shot / f"trimap.{frame}.png", shot / f"key.{frame}.png")
    keyed = {"trimap": f"{shot}/key.####.png", "trimap_mode": "keyframes"}
    run(job(**keyed))
    repaint(shot / "key.1005.png", (10, 12, 38, 50))
    result, _ = run(job(settings=RESUME, **keyed))
    assert {1004, 1005, 1006} <= set(result.frames) <= set(range(1003, 1008))
    run(job("new", **keyed))
    for name in files(shot / "new"):
        assert (shot / "out" / name).read_bytes() == (shot / "new" / name).read_bytes()


def test_resuming_redoes_what_a_changed_plate_reaches(job, shot, write):
    run(job())
    write(shot / "plate.1008.exr", read(shot / "plate.1008.exr") * 0.9)
    result, _ = run(job(settings=RESUME))
    assert result.frames == (1007, 1008)


def test_a_copy_of_the_same_inputs_keeps_every_frame(job, shot):
    run(job())
    for path in [*shot.glob("plate.*"), *shot.glob("trimap.*")]:
        data = path.read_bytes()
        path.unlink()
        path.write_bytes(data)
    assert run(job(settings=RESUME))[0].frames == ()


def test_trimaps_saved_anew_with_the_same_values_keep_every_frame(job, shot, write):
    run(job())
    for path in shot.glob("trimap.*.png"):
        write(path.with_suffix(".exr"), read(path))
    assert run(job(trimap=f"{shot}/trimap.####.exr", settings=RESUME))[0].frames == ()


def test_other_weights_redo_every_frame(job, shot, model, tmp_path):
    run(job(range="1001-1003"))
    other = {name: value * 1.01 for name, value in weights.load(model).state_dict().items() if value.ndim > 1}
    state = weights.load(model).state_dict() | other
    weights.save(state, tmp_path / "other.safetensors", weight_file.Record("lite", {}, "tests", "Apache-2.0"))
    result, _ = run(job(range="1001-1003", model=str(tmp_path / "other.safetensors"), settings=RESUME))
    assert result.frames == (1001, 1002, 1003)


def test_a_resumed_job_says_what_it_keeps(job):
    run(job(range="1001-1004"))
    result, events = run(job(settings=RESUME))
    assert result.kept == (1001, 1002, 1003, 1004)
    assert any(event["event"] == "log" and "1001-1004" in event["message"] for event in events)


def test_a_still_is_kept_too_if_nothing_has_changed(job, shot):
    still = replace(job(range="1001", settings=RESUME), output=f"{shot}/still.exr")
    assert run(still)[0].frames == (1001,)
    assert run(still)[0].frames == ()
    assert run(replace(still, range="1002"))[0].frames == (1002,)


def test_a_finished_job_resumes_in_a_folder_that_nobody_may_write(job, shot, monkeypatch):
    run(job())
    monkeypatch.setattr("dvm_core.pipeline.outputs.Claim", None)
    assert run(job(settings=RESUME))[0].frames == ()


def test_a_finished_job_resumes_to_nothing(job):
    run(job())
    result, events = run(job(settings={"existing": "resume"}))
    assert result.frames == ()
    assert events[-1]["event"] == "done"
