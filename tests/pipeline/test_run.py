import shutil
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import pytest

from dvm_core.bridge.errors import Cancelled, InputError, OutputError, UsageError
from dvm_core.bridge.job import MatteJob
from dvm_core.bridge.settings import Settings
from dvm_core.io.plate import PlateReader
from dvm_core.io.trimap_file import TrimapReader
from dvm_core.model import weight_file, weights
from dvm_core.pipeline import MattingSession, run_job
from dvm_core.pipeline.claim import Claim


def write(path, pixels, dtype="half"):
    pixels = np.atleast_3d(pixels)
    spec = oiio.ImageSpec(pixels.shape[1], pixels.shape[0], pixels.shape[2], dtype)
    output = oiio.ImageOutput.create(str(path))
    assert output.open(str(path), spec)
    assert output.write_image(np.ascontiguousarray(pixels))
    output.close()


def read(path):
    return oiio.ImageBuf(str(path)).get_pixels("float")


@pytest.fixture(scope="module")
def model(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "random.safetensors"
    weights.save(network.state_dict(), path, weight_file.Record("lite", {}, "tests", "Apache-2.0"))
    return str(path)


@pytest.fixture
def shot(scene, tmp_path):
    """Eight frames from 1001: EXR plates, PNG trimaps."""
    plates, trimaps = scene(8, 48, 64)
    for index in range(8):
        write(tmp_path / f"plate.{1001 + index}.exr", plates[index])
        write(tmp_path / f"trimap.{1001 + index}.png", trimaps[index], "uint8")
    return tmp_path


@pytest.fixture
def job(shot, model):
    def make(out="out", **changes):
        settings = {"device": "cpu", **changes.pop("settings", {})}
        fields = {"trimap": f"{shot}/trimap.####.png", "model": model, **changes}
        return MatteJob(
            plate=f"{shot}/plate.####.exr",
            output=f"{shot}/{out}/alpha.####.exr",
            settings=Settings(**settings),
            **fields,
        )

    return make


def run(job, **arguments):
    events = []
    return run_job(job, emit=events.append, **arguments), events


def files(folder):
    return sorted(path.name for path in Path(folder).iterdir())


def test_every_frame_is_written_under_its_number(job, shot):
    result, events = run(job())
    assert result.frames == tuple(range(1001, 1009))
    assert files(shot / "out") == [f"alpha.{frame}.exr" for frame in range(1001, 1009)]
    assert [event["frame"] for event in events if event["event"] == "frame"] == list(range(1001, 1009))
    assert events[0]["event"] == "plan"
    assert events[-1]["event"] == "done"


def test_files_hold_what_a_session_gives(job, shot, model):
    run(job(settings={"half": False}))
    plates, trimaps = PlateReader(f"{shot}/plate.####.exr"), TrimapReader(f"{shot}/trimap.####.png")
    mattes = []
    with MattingSession(model, device="cpu") as session:
        for frame in plates.frames:
            mattes += session.push(plates.read(frame).display, trimaps.read(frame), frame=frame)
        mattes += session.finish()
    for matte in mattes:
        assert np.array_equal(read(shot / "out" / f"alpha.{matte.frame}.exr")[..., 0], matte.alpha)


@pytest.mark.parametrize("ranges", [["1001-1008"], ["1001-1003", "1004-1008"], ["1002-1008x2", "1001-1007x2"]])
def test_a_result_does_not_depend_on_how_the_shot_was_cut(job, shot, ranges):
    run(job("whole"))
    for part in ranges:
        run(job("cut", range=part))
    assert files(shot / "cut") == files(shot / "whole")
    for name in files(shot / "whole"):
        assert (shot / "cut" / name).read_bytes() == (shot / "whole" / name).read_bytes()


def test_headers_say_what_made_them(job, shot):
    run(job())
    spec = oiio.ImageBuf(str(shot / "out" / "alpha.1001.exr")).spec()
    assert spec.get_string_attribute("dvm:model").startswith("lite ")
    for name in ("dvm:version", "dvm:device", "dvm:kernels", "dvm:precision", "dvm:job"):
        assert spec.get_string_attribute(name)


def test_colour_and_foreground_are_written_beside_the_alpha(job, shot):
    run(job(range="1002", settings={"channels": "rgba", "fg": f"{shot}/out/fg.####.exr"}))
    rgba, plate = read(shot / "out" / "alpha.1002.exr"), read(shot / "plate.1002.exr")
    np.testing.assert_allclose(rgba[..., :3], plate * rgba[..., 3:], atol=2e-3)
    fg = read(shot / "out" / "fg.1002.exr")
    assert fg.shape == (48, 64, 4)
    np.testing.assert_array_equal(fg[..., 3], rgba[..., 3])


def test_files_that_are_there_are_never_overwritten_unasked(job, shot):
    run(job(range="1003"))
    before = (shot / "out" / "alpha.1003.exr").stat().st_mtime_ns
    with pytest.raises(OutputError, match="--resume"):
        run(job())
    assert files(shot / "out") == ["alpha.1003.exr"]
    assert (shot / "out" / "alpha.1003.exr").stat().st_mtime_ns == before


def test_resuming_makes_what_is_missing_and_nothing_else(job, shot):
    run(job("whole"))
    run(job(range="1001-1004"))
    (shot / "out" / "alpha.1002.exr").unlink()
    result, _ = run(job(settings={"existing": "resume"}))
    assert result.frames == (1002, 1005, 1006, 1007, 1008)
    for name in files(shot / "whole"):
        assert (shot / "out" / name).read_bytes() == (shot / "whole" / name).read_bytes()


def test_resuming_redoes_what_other_settings_or_a_stranger_made(job, shot):
    run(job(range="1001-1002", settings={"channels": "matte"}))
    write(shot / "out" / "alpha.1003.exr", np.zeros((48, 64, 1), np.float32))
    (shot / "out" / "alpha.1004.exr").write_bytes(b"half a file")
    result, _ = run(job(settings={"existing": "resume"}))
    assert result.frames == tuple(range(1001, 1009))


def test_resuming_redoes_a_file_that_was_cut_short_since(job, shot):
    run(job())
    cut = shot / "out" / "alpha.1003.exr"
    whole = cut.read_bytes()
    cut.write_bytes(whole[:-20])
    result, _ = run(job(settings={"existing": "resume"}))
    assert result.frames == (1003,)
    assert cut.read_bytes() == whole


def repaint(path, unknown):
    """Another trimap under the same name: unknown in a box of (top, left, bottom, right)."""
    trimap = np.zeros((48, 64), np.uint8)
    trimap[20:28, 26:34] = 255
    top, left, bottom, right = unknown
    trimap[top:bottom, left:right][trimap[top:bottom, left:right] == 0] = 128
    write(path, trimap, "uint8")


RESUME = {"existing": "resume"}


def test_resuming_redoes_what_a_changed_trimap_reaches_and_gives_what_a_new_run_gives(job, shot):
    run(job())
    repaint(shot / "trimap.1004.png", (10, 12, 38, 50))
    result, _ = run(job(settings=RESUME))
    assert result.frames == (1003, 1004, 1005)
    assert result.kept == (1001, 1002, 1006, 1007, 1008)
    run(job("new"))
    for name in files(shot / "new"):
        assert (shot / "out" / name).read_bytes() == (shot / "new" / name).read_bytes()


def test_a_repainted_trimap_is_nothing_to_frames_whose_window_it_is_not_in(job, shot):
    for frame in range(1001, 1009):
        repaint(shot / f"trimap.{frame}.png", (10, 12, 38, 50))
    run(job())
    repaint(shot / "trimap.1004.png", (8, 10, 40, 52))
    result, _ = run(job(settings=RESUME))
    assert result.frames == (1003, 1004, 1005)
    run(job("new"))
    for name in files(shot / "new"):
        assert (shot / "out" / name).read_bytes() == (shot / "new" / name).read_bytes()


def test_resuming_redoes_what_a_changed_plate_reaches(job, shot):
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


def test_trimaps_saved_anew_with_the_same_values_keep_every_frame(job, shot):
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


def test_frames_that_another_job_is_writing_are_refused_and_others_are_not(job, shot):
    with Claim(shot / "out", "alpha.%04d.exr", range(1001, 1004)):
        with pytest.raises(OutputError, match="are being written by process"):
            run(job())
        assert run(job(range="1004-1008"))[0].frames == tuple(range(1004, 1009))
    assert files(shot / "out") == [f"alpha.{frame}.exr" for frame in range(1004, 1009)]


def test_leftovers_of_a_killed_job_are_cleared_away(job, shot):
    (shot / "out").mkdir()
    (shot / "out" / ".alpha.1003.exr.99-1.part").touch()
    (shot / "out" / ".alpha.2003.exr.99-1.part").touch()
    run(job())
    assert [name for name in files(shot / "out") if name.startswith(".")] == [".alpha.2003.exr.99-1.part"]


def test_a_plate_that_is_still_being_copied_is_waited_for_and_said(job, shot):
    late, warned = shot / "plate.1007.exr", threading.Event()
    whole = late.read_bytes()
    damaged = bytearray(whole)
    damaged[600:700] = bytes(100)

    def copy():
        while not warned.wait(0.02):
            late.write_bytes(damaged)
        late.write_bytes(whole)

    def emit(event):
        if event["event"] == "warning":
            events.append(event)
            warned.set()

    events = []
    copying = threading.Thread(target=copy)
    late.write_bytes(damaged)
    copying.start()
    result = run_job(job(), emit=emit)
    copying.join()
    assert result.frames == tuple(range(1001, 1009))
    assert events[0]["frame"] == 1007
    assert "Reading it again" in events[0]["message"]
    assert result.warnings == tuple(event["message"] for event in events)


def test_a_plate_that_vanishes_after_the_check_is_named_and_finished_frames_stay(job, shot):
    def emit(event):
        if event["event"] == "plan":
            (shot / "plate.1008.exr").unlink()

    with pytest.raises(InputError, match=r"plate\.1008\.exr.*No such file"):
        run_job(job(), emit=emit)
    assert "alpha.1004.exr" in files(shot / "out")


def test_plates_are_never_overwritten_through_a_linked_folder(job, shot):
    before = (shot / "plate.1001.exr").read_bytes()
    (shot / "out").symlink_to(shot)
    linked = replace(job(settings={"existing": "overwrite"}), output=f"{shot}/out/plate.####.exr")
    with pytest.raises(UsageError, match=r"out/plate\.1001\.exr is read by this job"):
        run(linked)
    assert (shot / "plate.1001.exr").read_bytes() == before


def test_a_finished_job_resumes_to_nothing(job):
    run(job())
    result, events = run(job(settings={"existing": "resume"}))
    assert result.frames == ()
    assert events[-1]["event"] == "done"


def test_a_dry_run_plans_and_writes_nothing(job, shot):
    result, events = run(job(), dry_run=True)
    assert result.frames == tuple(range(1001, 1009))
    assert events[0]["event"] == "plan"
    assert not (shot / "out").exists()


def test_a_gap_in_the_trimaps_names_the_frames_and_propagation(job, shot):
    (shot / "trimap.1004.png").unlink()
    with pytest.raises(InputError, match=r"1004.*--propagate"):
        run(job())
    assert not (shot / "out").exists()


def test_neighbours_outside_the_range_may_lack_a_trimap_but_it_is_said(job, shot):
    (shot / "trimap.1004.png").unlink()
    _, events = run(job(range="1006-1008"))
    assert any(event["event"] == "warning" and "1004" in event["message"] for event in events)


def test_a_missing_plate_is_named(job, shot):
    (shot / "plate.1005.exr").unlink()
    with pytest.raises(InputError, match="1005"):
        run(job(range="1001-1008"))


def test_a_plate_that_is_cut_short_is_named_before_any_work(job, shot):
    damaged = shot / "plate.1006.exr"
    damaged.write_bytes(damaged.read_bytes()[:-200])
    with pytest.raises(InputError, match=r"plate\.1006\.exr") as caught:
        run(job())
    assert caught.value.frame == 1006
    assert not (shot / "out").exists()


def test_a_plate_that_is_damaged_inside_is_named_when_it_is_reached_and_finished_frames_stay(job, shot):
    damaged = shot / "plate.1006.exr"
    data = bytearray(damaged.read_bytes())
    data[600:700] = bytes(100)  # within the first chunk; header and end stay
    damaged.write_bytes(data)
    with pytest.raises(InputError, match=r"plate\.1006\.exr") as caught:
        run(job())
    assert caught.value.frame == 1006
    done = files(shot / "out")
    assert "alpha.1001.exr" in done
    assert "alpha.1006.exr" not in done


def test_a_chunk_without_unknown_pixels_is_fine_where_its_shot_has_some(job, shot):
    for frame in (1001, 1002):
        write(shot / f"trimap.{frame}.png", np.full((48, 64), 255, np.uint8), "uint8")
    result, _ = run(job(range="1001-1002", shot_range="1001-1008"))
    assert result.frames == (1001, 1002)


def test_a_trimap_of_another_size_is_refused(job, shot):
    write(shot / "trimap.1003.png", np.zeros((48, 60), np.uint8), "uint8")
    with pytest.raises(InputError, match=r"60x48.*64x48"):
        run(job())


def test_a_plate_that_changes_its_size_is_refused(job, shot):
    write(shot / "plate.1003.exr", np.zeros((48, 60, 3), np.float32))
    write(shot / "trimap.1003.png", np.zeros((48, 60), np.uint8), "uint8")
    with pytest.raises(InputError, match="display window"):
        run(job())


def test_a_range_without_unknown_pixels_is_refused(job, shot):
    for frame in (1001, 1002):
        write(shot / f"trimap.{frame}.png", np.full((48, 64), 255, np.uint8), "uint8")
    with pytest.raises(InputError, match="unknown"):
        run(job(range="1001-1002"))
    result, _ = run(job(range="1001-1003"))
    assert (read(shot / "out" / "alpha.1001.exr") == 1).all()
    assert result.frames == (1001, 1002, 1003)


def test_keyframes_without_propagation_are_refused_in_a_sentence(job):
    with pytest.raises(InputError, match="propagated"):
        run(job(trimap_mode="keyframes"))


def test_a_still_with_a_still_trimap(job, shot):
    shutil.copy(shot / "trimap.1001.png", shot / "mask.png")
    result, _ = run(job(range="1001", trimap=f"{shot}/mask.png"))
    assert result.frames == (1001,)


def test_cancelling_keeps_finished_frames(job, shot):
    events = []
    with pytest.raises(Cancelled):
        run_job(job(), emit=events.append, cancelled=lambda: sum(e["event"] == "frame" for e in events) >= 2)
    assert len(files(shot / "out")) >= 2
    assert not [name for name in files(shot / "out") if not name.endswith(".exr")]
    assert threading.active_count() < 4


def test_a_folder_that_cannot_be_made_is_an_output_error(job, shot):
    (shot / "out").write_text("a file in the way")
    with pytest.raises(OutputError, match="out"):
        run(job())
