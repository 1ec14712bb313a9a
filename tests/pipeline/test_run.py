import shutil
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import pytest

from dvm_core.bridge.errors import Cancelled, InputError, OutputError, UsageError
from dvm_core.io.plate import PlateReader
from dvm_core.io.trimap_file import TrimapReader
from dvm_core.pipeline import MattingSession, run_job
from dvm_core.pipeline.claim import Claim


def read(path):
    return oiio.ImageBuf(str(path)).get_pixels("float")


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
    assert spec.get_string_attribute("dvm:reduce") == "1"


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


def test_frames_that_another_job_is_writing_are_refused_and_others_are_not(job, shot):
    with Claim(shot / "out", "alpha.%04d.exr", range(1001, 1004)):
        with pytest.raises(OutputError, match="are being written by process"):
            run(job())
        assert run(job(range="1004-1008"))[0].frames == tuple(range(1004, 1009))
    assert files(shot / "out") == [f"alpha.{frame}.exr" for frame in range(1004, 1009)]


def test_leftovers_of_a_killed_job_are_cleared_away(job, shot):
    (shot / "out").mkdir()
    (shot / "out" / ".alpha.1003.exr.0-99-1.part").touch()
    (shot / "out" / ".alpha.2003.exr.0-99-1.part").touch()
    run(job())
    assert [name for name in files(shot / "out") if name.startswith(".")] == [".alpha.2003.exr.0-99-1.part"]


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


def test_a_chunk_without_unknown_pixels_is_fine_where_its_shot_has_some(job, shot, write):
    for frame in (1001, 1002):
        write(shot / f"trimap.{frame}.png", np.full((48, 64), 255, np.uint8), "uint8")
    result, _ = run(job(range="1001-1002", shot_range="1001-1008"))
    assert result.frames == (1001, 1002)


def test_a_trimap_of_another_size_is_refused(job, shot, write):
    write(shot / "trimap.1003.png", np.zeros((48, 60), np.uint8), "uint8")
    with pytest.raises(InputError, match=r"60x48.*64x48"):
        run(job())


def test_a_plate_that_changes_its_size_is_refused(job, shot, write):
    write(shot / "plate.1003.exr", np.zeros((48, 60, 3), np.float32))
    write(shot / "trimap.1003.png", np.zeros((48, 60), np.uint8), "uint8")
    with pytest.raises(InputError, match="display window"):
        run(job())


def test_a_range_without_unknown_pixels_is_refused(job, shot, write):
    for frame in (1001, 1002):
        write(shot / f"trimap.{frame}.png", np.full((48, 64), 255, np.uint8), "uint8")
    with pytest.raises(InputError, match="unknown"):
        run(job(range="1001-1002"))
    result, _ = run(job(range="1001-1003"))
    assert (read(shot / "out" / "alpha.1001.exr") == 1).all()
    assert result.frames == (1001, 1002, 1003)


def test_a_still_with_a_still_trimap(job, shot):
    shutil.copy(shot / "trimap.1001.png", shot / "mask.png")
    result, _ = run(job(range="1001", trimap=f"{shot}/mask.png"))
    assert result.frames == (1001,)


def test_cancelling_keeps_finished_frames_and_leaves_no_thread_behind(job, shot):
    events, before = [], set(threading.enumerate())
    with pytest.raises(Cancelled):
        run_job(job(), emit=events.append, cancelled=lambda: sum(e["event"] == "frame" for e in events) >= 2)
    assert len(files(shot / "out")) >= 2
    assert not [name for name in files(shot / "out") if not name.endswith(".exr")]
    assert not set(threading.enumerate()) - before


def test_a_cancel_is_asked_for_before_each_frame_up_to_the_last(job):
    asked = []
    result = run_job(job(), cancelled=lambda: bool(asked.append(None)))
    # Each frame as it arrives; then the two that wait for neighbours that never come.
    assert len(asked) == len(result.frames) + 2


def test_a_folder_that_cannot_be_made_is_an_output_error(job, shot):
    (shot / "out").write_text("a file in the way")
    with pytest.raises(OutputError, match="out"):
        run(job())


def test_frames_that_the_plate_lacks_are_said_unless_the_job_names_its_frames(job, shot):
    for frame in (1003, 1004):
        (shot / f"plate.{frame}.exr").unlink()
    warnings = run_job(job(), dry_run=True).warnings
    assert len(warnings) == 1
    assert "has no file for frames 1003, 1004; they are left out" in warnings[0]
    assert run_job(job(range="1001,1005", shot_range="1001,1002,1005"), dry_run=True).warnings == ()


def test_an_alpha_is_no_colour_and_is_the_same_beside_a_foreground(job, shot):
    run_job(job("plain"))
    run_job(job("beside", settings={"fg": f"{shot}/beside/fg.####.exr"}))
    for frame in (1001, 1008):
        plain, beside, colour = (
            oiio.ImageBuf(str(shot / name)).spec()
            for name in (f"plain/alpha.{frame}.exr", f"beside/alpha.{frame}.exr", f"beside/fg.{frame}.exr")
        )
        assert plain.getattribute("oiio:ColorSpace") == beside.getattribute("oiio:ColorSpace")
        assert plain.getattribute("chromaticities") is None
        assert colour.getattribute("oiio:ColorSpace") == "lin_rec709_scene"
        assert len(colour.getattribute("chromaticities")) == 8
